// WordPiece, which files call "bert": the text is normalised and falls into words; each word is covered from the left
// by the longest pieces, or is unknown (Devlin et al., 2019, arXiv:1810.04805, whose code defines the details). In the
// GGUF files, pieces that begin a word start with ▁ and the others have lost their ##; a `tokenizer.json` has the ##.

/// A WordPiece tokenizer.
struct WordPieceTokenizer: Tokenizer {
  let model = "bert"
  var preTokenizer: String? { nil }
  let vocabulary: Vocabulary
  let addsBOS: Bool
  let addsEOS: Bool
  var addsSpacePrefix: Bool { true }
  let notes: [String]

  let texts: TokenTexts
  let template: TokenTemplate
  private let pipeline: TextPipeline
  private let trie: ByteTrie
  private let normalizer: WordNormalizer
  private let unknown: Int32
  /// Words of more characters are unknown.
  private let longestWord: Int

  init(_ settings: TokenizerSettings) throws(TokenizerError) {
    let vocabulary = settings.vocabulary
    self.vocabulary = vocabulary
    if settings.huggingFace == nil {
      guard vocabulary.special.cls ?? vocabulary.special.bos != nil else {
        throw .missingSpecial(name: "cls", reason: "the tokenizer model \"bert\"")
      }
      guard vocabulary.special.sep != nil else {
        throw .missingSpecial(name: "sep", reason: "the tokenizer model \"bert\"")
      }
    }
    guard let unknown = vocabulary.special.unk else {
      throw .missingSpecial(name: "unk", reason: "the tokenizer model \"bert\"")
    }
    self.unknown = unknown
    addsBOS = settings.options.addBOS ?? true
    addsEOS = settings.options.addEOS ?? true
    notes = settings.notes
    var ends = settings
    (ends.addsBOS, ends.addsEOS) = (addsBOS, addsEOS)
    template = ends.template(model: model)
    pipeline = settings.pipeline()
    let lowercase = settings.options.lowercase ?? true
    let wordPiece = settings.huggingFace?.wordPiece
    normalizer =
      wordPiece?.normalizer
      ?? WordNormalizer(lowercase: lowercase, stripAccents: settings.options.stripAccents ?? lowercase)
    longestWord = wordPiece?.longestWord ?? .max

    let continuation = wordPiece?.continuation
    texts = TokenTexts(vocabulary) { id, bytes in
      let piece = vocabulary.pieceBytes(id)
      if vocabulary.isMarker(id) {
        bytes.append(contentsOf: piece)
      } else if let continuation {
        let continues = piece.starts(with: continuation)
        if !continues { bytes.append(0x20) }
        bytes.append(contentsOf: piece[(continues ? continuation.count : 0)...])
      } else {
        SpaceSign.unescape(piece, into: &bytes)
      }
    }
    var trie = ByteTrie(bytes: vocabulary.bytes.count)
    for id in 0..<Int32(vocabulary.count) where !vocabulary.isMarker(id) && vocabulary.pieceLength(id) > 0 {
      trie.insert(texts.text(id), id: id)
    }
    self.trie = trie
  }

  func encode(
    _ text: UnsafeRawBufferPointer, addSpecial: Bool, specials parsing: SpecialTokenParsing
  ) throws(TokenizerError) -> [Int32] {
    try checkLength(text)
    let bytes = text.assumingMemoryBound(to: UInt8.self)
    let prepared = try pipeline.prepare(bytes, parsing)
    guard let changed = prepared.bytes else { return encode(bytes, prepared.parts, addSpecial) }
    return changed.withUnsafeBufferPointer { encode($0, prepared.parts, addSpecial) }
  }

  private func encode(
    _ bytes: UnsafeBufferPointer<UInt8>, _ parts: [TextPart], _ addSpecial: Bool
  ) -> [Int32] {
    let scanned = ScannedText(bytes)
    var ids: [Int32] = []
    ids.reserveCapacity(bytes.count / 4 + 2)
    if addSpecial { ids += template.before }
    for part in parts {
      switch part {
      case .token(let id): ids.append(id)
      case .text(let range):
        normalizer.words(scanned, range.lowerBound, range.upperBound) { word in append(word, to: &ids) }
      }
    }
    if addSpecial { ids += template.after }
    return ids
  }

  /// Appends the pieces of a word, which starts with the space that stands for ▁.
  private func append(_ word: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
    let first = ids.count
    // The space before the word is one more.
    if word.count - 1 > longestWord, word.count(where: { $0 & 0xC0 != 0x80 }) - 1 > longestWord {
      ids.append(unknown)
      return
    }
    var position = 0
    while position < word.count {
      let found = trie.longest(in: word, from: position)
      if found.id < 0 {
        ids.removeSubrange(first...)
        ids.append(unknown)
        return
      }
      ids.append(found.id)
      position = found.end
    }
  }
}

/// BERT's normalisation and its cutting into words.
struct WordNormalizer: Sendable {
  var lowercase: Bool
  var stripAccents: Bool
  /// Control characters are dropped.
  var dropsControl = true
  /// Ideographs are words of their own.
  var separatesIdeographs = true

  /// Calls `body` with each word of the text, normalised, a space before it.
  func words(_ text: ScannedText, _ start: Int, _ end: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    var word = ContiguousArray<UInt8>([0x20])
    func finish() {
      if word.count > 1 { word.withUnsafeBufferPointer(body) }
      word.removeSubrange(1...)
    }
    let table = CharacterClasses.table
    var position = start
    while position < end {
      let character = text.character(position, end)
      position += character.length
      if character.isAny(.space) {
        finish()
        continue
      }
      if dropsControl, character.scalar == 0 || character.scalar == 0xFFFD || character.isAny(.control) {
        continue
      }
      fold(character.scalar) { scalar in
        let classes = table.classes(scalar)
        if stripAccents, classes.meets(.nonspacingMark) { return }
        let isAlone =
          classes.meets(.punctuation) || scalar < 0x7F && classes.meets(.symbol)
          || separatesIdeographs && Self.isIdeograph(scalar)
        if isAlone { finish() }
        append(scalar, to: &word)
        if isAlone { finish() }
      }
    }
    finish()
  }

  private func fold(_ scalar: UInt32, _ body: (UInt32) -> Void) {
    if stripAccents { AccentFolding.table.fold(scalar, body) } else { body(scalar) }
  }

  private func append(_ scalar: UInt32, to word: inout ContiguousArray<UInt8>) {
    if scalar < 0x80 {
      let byte = UInt8(scalar)
      word.append(lowercase && 0x41...0x5A ~= byte ? byte | 0x20 : byte)
      return
    }
    guard let scalar = Unicode.Scalar(scalar) else { return }
    if lowercase {
      word.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
    } else {
      word.append(contentsOf: UTF8.encode(scalar)!)
    }
  }

  /// The ideographs that are words of their own. Extension E begins at U+2B920 here, as in the tokenizer library that
  /// most models were trained with; U+2B820 would be its block.
  private static func isIdeograph(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
