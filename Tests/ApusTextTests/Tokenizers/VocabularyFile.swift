// A tokenizer from a GGUF file, for tests: the keys of the file and where they go.

import ApusFiles
import ApusTestSupport
import ApusText
import Testing

/// The tokenizer of the GGUF file at `path`.
func tokenizer(fromGGUF path: String) throws -> any Tokenizer {
  let file = try GGUFFile.open(path)
  let metadata = file.metadata
  func key(_ name: String) -> String { "tokenizer.ggml." + name }
  func id(_ name: String) throws -> Int32? { try metadata.int(key(name + "_token_id")).map { Int32($0) } }

  var special = try SpecialTokens(
    bos: id("bos"), eos: id("eos"), eot: id("eot"), eom: id("eom"), unk: id("unknown"), sep: id("seperator"),
    pad: id("padding"), mask: id("mask"), cls: id("cls"))
  special.fillPrefix = try id("fim_pre")
  var options = TokenizerOptions()
  options.addBOS = try metadata.bool(key("add_bos_token"))
  options.addEOS = try metadata.bool(key("add_eos_token"))
  options.addSpacePrefix = try metadata.bool(key("add_space_prefix"))
  options.removeExtraWhitespaces = try metadata.bool(key("remove_extra_whitespaces"))
  options.lowercase = try metadata.bool(key("normalizer.lowercase"))
  options.stripAccents = try metadata.bool(key("normalizer.strip_accents"))
  options.characterMap =
    try metadata.ints(key("precompiled_charsmap"))?.map { UInt8(truncatingIfNeeded: $0) } ?? []
  options.modelName = try metadata.string("general.name")
  options.architecture = try metadata.string("general.architecture")

  let pieces = try #require(try metadata.strings(key("tokens")))
  let merges = try metadata.strings(key("merges"))
  let vocabulary = try Vocabulary(
    pieces: ByteStrings(count: pieces.count) { pieces.bytes(at: $0) },
    scores: try metadata.floats(key("scores")) ?? [],
    kinds: try metadata.ints(key("token_type"))?.map {
      TokenKind(rawValue: UInt8(clamping: $0)) ?? .undefined
    } ?? [],
    special: special)
  return try Tokenizers.make(
    model: try metadata.string(key("model")) ?? "", pre: try metadata.string(key("pre")),
    vocabulary: vocabulary,
    merges: merges.map { merges in ByteStrings(count: merges.count) { merges.bytes(at: $0) } },
    options: options)
}
