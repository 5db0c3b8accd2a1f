// The tokenizer of a GGUF file, from its `tokenizer.ggml.*` keys. Every id and length is checked here, where
// it enters (faults F15, F16).

import ApusFiles
import ApusText

/// The tokenizer a file describes.
///
/// - Throws: `GGUFError` for a key of the wrong type, `ModelError.missingKey`, `TokenizerError`.
/// - Complexity: O(bytes of the vocabulary).
package func makeTokenizer(from file: GGUFFile) throws -> any Tokenizer {
  let metadata = file.metadata
  guard let model = try metadata.string("tokenizer.ggml.model") else {
    throw ModelError.missingKey("tokenizer.ggml.model")
  }
  guard let pieces = try metadata.strings("tokenizer.ggml.tokens") else {
    throw ModelError.missingKey("tokenizer.ggml.tokens")
  }
  let vocabulary = try Vocabulary(
    pieces: ByteStrings(count: pieces.count) { pieces.bytes(at: $0) },
    scores: try metadata.floats("tokenizer.ggml.scores") ?? [],
    kinds: try tokenKinds(metadata),
    special: try specialTokens(metadata))
  let merges = try metadata.strings("tokenizer.ggml.merges")
  return try Tokenizers.make(
    model: model, pre: try metadata.string("tokenizer.ggml.pre"), vocabulary: vocabulary,
    merges: merges.map { merges in ByteStrings(count: merges.count) { merges.bytes(at: $0) } },
    options: try tokenizerOptions(metadata))
}

private func tokenKinds(_ metadata: GGUFMetadata) throws -> [TokenKind] {
  let key = "tokenizer.ggml.token_type"
  guard let types = try metadata.ints(key) else { return [] }
  var kinds: [TokenKind] = []
  kinds.reserveCapacity(types.count)
  for (index, type) in types.enumerated() {
    guard let kind = UInt8(exactly: type).flatMap(TokenKind.init(rawValue:)) else {
      throw ModelError.invalidKey("\(key)[\(index)]", value: "\(type)", expected: "0 to 6")
    }
    kinds.append(kind)
  }
  return kinds
}

private func specialTokens(_ metadata: GGUFMetadata) throws -> SpecialTokens {
  func id(_ names: String...) throws -> Int32? {
    for name in names {
      let key = "tokenizer.ggml.\(name)_token_id"
      guard let value = try metadata.int(key) else { continue }
      // Files without such a token say so with −1 or its unsigned image.
      if value == -1 || value == Int(UInt32.max) { continue }
      guard let id = Int32(exactly: value) else {
        throw ModelError.invalidKey(key, value: "\(value)", expected: "a token id")
      }
      return id
    }
    return nil
  }
  var special = SpecialTokens(
    bos: try id("bos"), eos: try id("eos"), eot: try id("eot"), eom: try id("eom"), unk: try id("unknown"),
    sep: try id("seperator", "separator"), pad: try id("padding"), mask: try id("mask"), cls: try id("cls"))
  special.fillPrefix = try id("fim_pre", "prefix")
  special.fillSuffix = try id("fim_suf", "suffix")
  special.fillMiddle = try id("fim_mid", "middle")
  special.fillPad = try id("fim_pad")
  special.fillRepository = try id("fim_rep")
  special.fillSeparator = try id("fim_sep")
  return special
}

private func tokenizerOptions(_ metadata: GGUFMetadata) throws -> TokenizerOptions {
  var options = TokenizerOptions()
  options.addBOS = try metadata.bool("tokenizer.ggml.add_bos_token")
  options.addEOS = try metadata.bool("tokenizer.ggml.add_eos_token")
  options.addSpacePrefix = try metadata.bool("tokenizer.ggml.add_space_prefix")
  options.removeExtraWhitespaces = try metadata.bool("tokenizer.ggml.remove_extra_whitespaces")
  options.lowercase = try metadata.bool("tokenizer.ggml.normalizer.lowercase")
  options.stripAccents = try metadata.bool("tokenizer.ggml.normalizer.strip_accents")
  options.characterMap =
    try metadata.ints("tokenizer.ggml.precompiled_charsmap")?.map { UInt8(truncatingIfNeeded: $0) } ?? []
  options.modelName = try metadata.string("general.name")
  options.architecture = try metadata.string("general.architecture")
  return options
}
