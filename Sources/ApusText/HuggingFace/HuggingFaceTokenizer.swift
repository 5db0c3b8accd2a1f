// From a `tokenizer.json` to a tokenizer: the one place where its parts come together. Ids are those of the tokenizers
// library, with one difference that is meant: control tokens spelled in a text count only where the caller allows it.

import ApusBasics

/// A `tokenizer.json`, and what `tokenizer_config.json` adds (which may be absent).
public enum HuggingFaceTokenizer {
  /// The tokenizer a `tokenizer.json` describes.
  ///
  ///     let tokenizer = try HuggingFaceTokenizer.make(bytes, config: config, name: "tokenizer.json")
  ///
  /// WordPiece, byte pairs (of bytes or characters) and unigram are read; word-level models, regular expressions that
  /// no published model is known for, and every type of normalizer, pre-tokenizer, decoder and post-processor that
  /// would be skipped are refused by name. Truncation and padding are the business of whoever makes batches.
  ///
  /// - Parameters:
  ///   - tokenizer: the bytes of `tokenizer.json`, needed only during the call.
  ///   - config: `tokenizer_config.json`, which names the special tokens; without it they are found by their spelling.
  ///   - name: the file's name, for errors.
  /// - Throws: `HuggingFaceTokenizerError`.
  /// - Complexity: O(bytes); 300,000 pieces with 500,000 merges take a few tenths of a second.
  public static func make(
    _ tokenizer: UnsafeRawBufferPointer, config: JSONValue?, name: String
  ) throws -> any Tokenizer {
    do {
      let document = try TokenizerDocument(tokenizer)
      return try HuggingFaceAssembly(document, config: config).tokenizer()
    } catch let error as JSONError {
      throw HuggingFaceTokenizerError.json(file: name, error)
    } catch let error as EntryError {
      throw HuggingFaceTokenizerError.entry(file: name, entry: error.entry, problem: error.problem)
    } catch let error as TokenizerError {
      throw HuggingFaceTokenizerError.tokenizer(file: name, error)
    }
  }
}

/// The parts of a file on their way to a tokenizer.
struct HuggingFaceAssembly {
  let document: TokenizerDocument
  let list: TokenList
  let model: Entry
  let normalizer: NormalizerEntry
  let preTokenizer: PreTokenizerEntry
  let template: TokenTemplate
  let special: SpecialTokens
  let byteFallback: Bool
  let notes: [String]

  init(_ document: TokenizerDocument, config: JSONValue?) throws(EntryError) {
    self.document = document
    model = try Entry(.object(document.model), "model")
    list = try TokenList(document)
    normalizer = try NormalizerEntry(document.rest["normalizer"])
    preTokenizer = try PreTokenizerEntry(document.rest["pre_tokenizer"])
    template = try PostProcessorEntry(document.rest["post_processor"], tokens: list.count).template
    try DecoderEntry.check(document.rest["decoder"])
    byteFallback = try model.bool("byte_fallback", default: false)
    var names = SpecialNames(list, notes: [])
    special = try names.special(config: config, model: model, template: template)
    notes = names.notes
  }

  func tokenizer() throws -> any Tokenizer {
    switch try modelType() {
    case "WordPiece": return try wordPiece()
    case "BPE": return try bytePairs()
    case "Unigram": return try unigram()
    case let type: throw EntryError.unsupported("model", "the type \(type)")
    }
  }

  /// Older files do not say the type.
  func modelType() throws(EntryError) -> String {
    if let type = try model.string("type") { return type }
    if document.merges != nil { return "BPE" }
    if !document.scores.isEmpty { return "Unigram" }
    throw EntryError("model", "has no type")
  }

  // MARK: Kinds

  private func wordPiece() throws -> any Tokenizer {
    guard document.scores.isEmpty else { throw EntryError("model.vocab", "is not an object") }
    guard preTokenizer.isBert else {
      throw EntryError.unsupported("pre_tokenizer", "WordPiece without BertPreTokenizer")
    }
    let prefix = try model.string("continuing_subword_prefix") ?? "##"
    let longest = try model.int("max_input_chars_per_word") ?? 100
    guard longest >= 0 else {
      throw EntryError("model.max_input_chars_per_word", "\(longest) is less than 0")
    }
    var settings = try settings(normalizedTokens: false)
    settings.huggingFace?.wordPiece = HuggingFaceSettings.WordPiece(
      continuation: Array(prefix.utf8), longestWord: longest,
      normalizer: normalizer.bert
        ?? WordNormalizer(
          lowercase: false, stripAccents: false, dropsControl: false, separatesIdeographs: false))
    return try WordPieceTokenizer(settings)
  }

  private func bytePairs() throws -> any Tokenizer {
    guard document.scores.isEmpty else { throw EntryError("model.vocab", "is not an object") }
    guard let merges = document.merges else { throw EntryError("model.merges", "is missing") }
    try refuseBert("BPE")
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let text = try model.string(key), !text.isEmpty {
        throw EntryError.unsupported("model.\(key)", EntryError.shown(text))
      }
    }
    if let dropout = model.member("dropout"), dropout.double != 0 {
      throw EntryError.unsupported("model.dropout", "anything but null")
    }
    let isByteLevel = preTokenizer.isByteLevel
    let hasSign = preTokenizer.words.contains { if case .metaspace = $0 { true } else { false } }
    let escapes = !isByteLevel && (normalizer.escapesSpaces || hasSign)
    try preTokenizer.checkBlanks(areReplaced: normalizer.escapesSpaces)
    if escapes, !preTokenizer.splitters.isEmpty, preTokenizer.name != "gemma4" {
      throw EntryError.unsupported("pre_tokenizer", "a pattern on text without spaces")
    }
    var settings = try settings(normalizedTokens: true)
    settings.options.ignoreMerges = try model.bool("ignore_merges", default: false)
    settings.options.escapeWhitespaces = escapes
    settings.huggingFace?.fusesUnknown =
      try model.bool("fuse_unk", default: false) && !byteFallback && !isByteLevel
    settings.huggingFace?.addsSpacePrefix =
      normalizer.prependsSign || preTokenizer.words.contains { $0.addsPrefix }
    let splitter =
      preTokenizer.splitters.dropFirst().reduce(preTokenizer.splitters.first ?? WholeSplitter()) {
        SplitterChain(first: $0, second: $1)
      }
    return try BytePairTokenizer(
      model: isByteLevel ? "gpt2" : "gemma4", name: preTokenizer.name ?? "",
      preTokenizer: PreTokenizer(splitter: splitter, plainPieces: !isByteLevel, escapesSpaces: escapes),
      merges: ByteStrings(merges), settings: settings)
  }

  private func unigram() throws -> any Tokenizer {
    guard document.scores.count == document.pieces.count else {
      throw EntryError("model.vocab", "is not an array of pieces and scores")
    }
    try refuseBert("Unigram")
    if byteFallback { throw EntryError.unsupported("model.byte_fallback", "true in Unigram") }
    if preTokenizer.isByteLevel || !preTokenizer.splitters.isEmpty {
      throw EntryError.unsupported("pre_tokenizer", "a pattern before Unigram")
    }
    try preTokenizer.checkBlanks(areReplaced: normalizer.escapesSpaces)
    guard model.member("unk_id") != nil else {
      throw EntryError.unsupported("model.unk_id", "its absence")
    }
    var settings = try settings(normalizedTokens: true)
    settings.huggingFace?.scores = document.scores
    settings.huggingFace?.addsSpacePrefix =
      normalizer.prependsSign || preTokenizer.words.contains { $0.addsPrefix }
    return try UnigramTokenizer(settings)
  }

  private func refuseBert(_ type: String) throws(EntryError) {
    if normalizer.bert != nil { throw .unsupported("normalizer", "BertNormalizer before \(type)") }
    if preTokenizer.isBert { throw .unsupported("pre_tokenizer", "BertPreTokenizer before \(type)") }
  }

  // MARK: Parts

  /// Everything the kinds have in common.
  ///
  /// - Parameter normalizedTokens: whether the kind can look for added tokens in normalised text.
  private func settings(normalizedTokens: Bool) throws -> TokenizerSettings {
    var vocabulary = try Vocabulary(
      pieces: list.pieces, scores: document.scores.map(Float.init) + padding, kinds: try kinds(),
      special: special)
    if let eos = special.eos, !vocabulary.isEndOfGeneration(eos) {
      vocabulary.endOfGeneration = (vocabulary.endOfGeneration + [eos]).sorted()
    }
    var settings = TokenizerSettings(
      vocabulary: vocabulary, options: TokenizerOptions(), preTokenizer: preTokenizer.name)
    settings.addsBOS = !template.before.isEmpty
    settings.addsEOS = !template.after.isEmpty
    settings.options.addBOS = settings.addsBOS
    settings.options.addEOS = settings.addsEOS
    settings.notes = notes

    let normalizes = !normalizer.normalizer.steps.isEmpty || normalizer.bert != nil
    var raw: [SpecialTokenMatcher.Token] = []
    var late: [SpecialTokenMatcher.Token] = []
    var unnormalized: [String] = []
    for token in list.added {
      var match = SpecialTokenMatcher.Token(
        id: token.id, bytes: Array(token.content.utf8), isUserDefined: !token.isSpecial,
        stripsLeft: token.stripsLeft, stripsRight: token.stripsRight, isSingleWord: token.isSingleWord)
      guard token.isNormalized else {
        raw.append(match)
        continue
      }
      let content = try match.bytes.withUnsafeBufferPointer { try normalizer.normalizer.normalize($0) }
      // A control token counts only in parts of the text as the caller has it, so it is looked for there.
      if token.isSpecial || !normalizedTokens {
        if normalizes, !content.elementsEqual(match.bytes) || normalizer.bert != nil {
          unnormalized.append(token.content)
        }
        raw.append(match)
      } else {
        match.bytes = Array(content)
        late.append(match)
      }
    }
    if let first = unnormalized.first {
      settings.notes.append(
        "\(unnormalized.count) added tokens, the first \(EntryError.shown(first)), are to be looked for in "
          + "normalised text, but are looked for in the text as it is")
    }
    settings.huggingFace = HuggingFaceSettings(
      pipeline: TextPipeline(
        raw: SpecialTokenMatcher(raw), normalized: late.isEmpty ? nil : SpecialTokenMatcher(late),
        normalizer: normalizer.normalizer, words: preTokenizer.words),
      template: template)
    return settings
  }

  /// Added tokens have no score.
  private var padding: [Float] {
    document.scores.isEmpty ? [] : [Float](repeating: 0, count: list.count - list.modelCount)
  }

  func kinds() throws(EntryError) -> [TokenKind] {
    var kinds = [TokenKind](repeating: .normal, count: list.count)
    if byteFallback {
      var bytes = 0
      for byte in 0..<256 {
        let digits = String(byte, radix: 16, uppercase: true)
        guard let id = list.id(of: "<0x\(digits.count == 1 ? "0" : "")\(digits)>") else { continue }
        kinds[Int(id)] = .byte
        bytes += 1
      }
      guard bytes == 0 || bytes == 256 else {
        throw .unsupported("model.byte_fallback", "with \(bytes) of 256 bytes in the vocabulary it")
      }
    }
    for token in list.added { kinds[Int(token.id)] = token.isSpecial ? .control : .userDefined }
    if let unknown = special.unk { kinds[Int(unknown)] = .unknown }
    return kinds
  }
}

extension TextPipeline.WordStep {
  /// Whether a text may begin with a space it did not have.
  var addsPrefix: Bool {
    switch self {
    case .dropWhitespace: false
    case .metaspace(let prefix, _): prefix != .never
    case .prefixSpace: true
    }
  }
}

extension ByteStrings {
  /// A list of the strings.
  init(_ strings: PackedStrings) {
    let bytes = FixedArray<UInt8>(strings.bytes)
    self.init(count: strings.count) { index in
      let range = strings.range(index)
      return UnsafeRawBufferPointer(bytes.slice(range.lowerBound, range.upperBound))
    }
  }
}
