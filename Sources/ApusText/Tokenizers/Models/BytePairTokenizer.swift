// Byte-pair encoding: "gpt2", whose symbols are bytes, and "gemma4", whose symbols are characters with ▁ for a space
// and <0xNN> for what is no token. A pre-tokenizer cuts the text into words, merges join the symbols of each word
// (Sennrich et al., 2016, arXiv:1508.07909).

/// A byte-pair tokenizer.
struct BytePairTokenizer: Tokenizer {
  /// The most merges a tokenizer may have: eight times the largest known.
  static let maximumMerges = 1 << 22

  let model: String
  let preTokenizer: String?
  let vocabulary: Vocabulary
  let addsBOS: Bool
  let addsEOS: Bool
  let addsSpacePrefix: Bool
  let notes: [String]

  let texts: TokenTexts
  private let splitter: any Splitter
  private let pipeline: TextPipeline
  let template: TokenTemplate
  private let escapesSpaces: Bool
  private let encoding: Encoding

  /// The two alphabets.
  private enum Encoding: Sendable {
    case bytes(WordRules<BytePairRule>)
    case characters(WordRules<CharacterPairRule>)
  }

  init(
    model: String, name: String, preTokenizer: PreTokenizer, merges: ByteStrings, settings: TokenizerSettings
  ) throws(TokenizerError) {
    self.model = model
    self.preTokenizer = name.isEmpty ? nil : name
    addsBOS = settings.addsBOS
    addsEOS = settings.addsEOS
    addsSpacePrefix = settings.huggingFace?.addsSpacePrefix ?? false
    splitter = preTokenizer.splitter
    let escapes = settings.options.escapeWhitespaces ?? preTokenizer.escapesSpaces
    escapesSpaces = escapes

    var settings = settings
    let pieces = BytePairPieces(settings.vocabulary, plain: preTokenizer.plainPieces, escapesSpaces: escapes)
    let (table, fromText, skipped) = try pieces.mergeTable(
      merges, skipsControl: settings.huggingFace != nil)
    for id in fromText { settings.vocabulary.restoreText(id) }
    vocabulary = settings.vocabulary
    var texts = pieces.texts
    if !fromText.isEmpty { texts.readKinds(vocabulary) }
    self.texts = texts
    pipeline = settings.pipeline()
    template = settings.template(model: model)
    var notes = settings.notes
    if skipped > 0 {
      notes.append("\(skipped) merges would make control tokens from plain text and are not used")
    }
    if pieces.table.duplicates > 0 {
      notes.append(
        "\(pieces.table.duplicates) tokens have the same text as an earlier one; the first is used")
    }
    self.notes = notes

    let unknown = settings.vocabulary.special.unk ?? -1
    let ignoreMerges = settings.options.ignoreMerges ?? preTokenizer.ignoreMerges
    func rules<Rule: MergeRule>(_ rule: Rule, _ bytes: FixedArray<Int32>) -> WordRules<Rule> {
      WordRules(
        rule: rule, pieces: pieces.table, cuts: pieces.cuts, ignoreMerges: ignoreMerges, byteTokens: bytes,
        unknown: unknown, fusesUnknown: settings.huggingFace?.fusesUnknown ?? false, escapesSpaces: escapes)
    }
    if preTokenizer.plainPieces {
      let rule = CharacterPairRule(merges: table, pieces: pieces.table)
      encoding = .characters(rules(rule, ByteSpelling.tokens(settings.vocabulary)))
    } else {
      let bytes = pieces.byteTokens()
      encoding = .bytes(rules(BytePairRule(merges: table, bytes: bytes), bytes))
    }
  }

  func encode(
    _ text: UnsafeRawBufferPointer, addSpecial: Bool, specials parsing: SpecialTokenParsing
  ) throws(TokenizerError) -> [Int32] {
    try checkLength(text)
    let bytes = text.assumingMemoryBound(to: UInt8.self)
    return try pipeline.prepare(bytes, parsing).read(bytes) { (bytes, parts) throws(TokenizerError) in
      try encode(bytes, parts, addSpecial)
    }
  }

  private func encode(
    _ bytes: UnsafeBufferPointer<UInt8>, _ parts: [TextPart], _ addSpecial: Bool
  ) throws(TokenizerError) -> [Int32] {
    switch encoding {
    case .bytes(let rules): return try encode(bytes, parts, rules, addSpecial)
    case .characters(let rules):
      guard escapesSpaces else { return try encode(bytes, parts, rules, addSpecial) }
      let spaced = SpacedText(bytes, parts, prefix: false)
      let result = spaced.bytes.withUnsafeBufferPointer { bytes in
        Result { () throws(TokenizerError) in try encode(bytes, spaced.parts, rules, addSpecial) }
      }
      return try result.get()
    }
  }

  private func encode(
    _ text: UnsafeBufferPointer<UInt8>, _ parts: [TextPart], _ rules: WordRules<some MergeRule>,
    _ addSpecial: Bool
  ) throws(TokenizerError) -> [Int32] {
    let scanned = ScannedText(text)
    var words = WordEncoder(rules, scanned.base, count: text.count)
    if addSpecial { template.before.forEach { words.append($0) } }
    for part in parts {
      switch part {
      case .token(let id): words.append(id)
      case .text(let range):
        splitter.split(scanned, range.lowerBound, range.upperBound) { words.encode($0, $1) }
      }
    }
    if let failure = words.failure { throw failure }
    if addSpecial { template.after.forEach { words.append($0) } }
    return words.output
  }
}

/// The pieces of a byte-pair tokenizer as text, found by their bytes.
private struct BytePairPieces {
  let texts: TokenTexts
  let cuts = SafeCuts()
  private(set) var table: PieceTable
  private let alphabet = ByteAlphabet()
  private let vocabulary: Vocabulary
  private let plain: Bool
  private let escapesSpaces: Bool

  init(_ vocabulary: Vocabulary, plain: Bool, escapesSpaces: Bool) {
    self.vocabulary = vocabulary
    self.plain = plain
    self.escapesSpaces = escapesSpaces
    let alphabet = alphabet
    // A normal piece with a character that spells nothing stands for itself and is never found in a text.
    var unmatchable: Set<Int32> = []
    texts = TokenTexts(vocabulary) { id, bytes in
      let piece = vocabulary.pieceBytes(id)
      switch Self.kindInFile(id, vocabulary) {
      case .normal, .unused, .undefined:
        if plain {
          if escapesSpaces {
            if piece.contains(0x20) { unmatchable.insert(id) }
            SpaceSign.unescape(piece, into: &bytes)
          } else {
            bytes.append(contentsOf: piece)
          }
        } else if !alphabet.decode(piece, into: &bytes) {
          unmatchable.insert(id)
          bytes.append(contentsOf: piece)
        }
      case .byte:
        if let byte = ByteSpelling.byte(piece) { bytes.append(byte) } else { bytes.append(contentsOf: piece) }
      case .control, .unknown, .userDefined:
        bytes.append(contentsOf: piece)
      }
    }
    table = PieceTable(bytes: texts.bytes, offsets: texts.offsets)
    for id in 0..<vocabulary.count {
      switch Self.kindInFile(Int32(id), vocabulary) {
      case .normal, .unused, .undefined:
        if unmatchable.isEmpty || !unmatchable.contains(Int32(id)) { insert(id) }
      case .control, .unknown, .userDefined, .byte: break
      }
    }
    // Merges may name tokens that are also matched as a whole. Control tokens never come from text.
    for id in 0..<vocabulary.count where vocabulary.kind(of: Int32(id)) == .userDefined {
      insert(id, countDuplicate: false)
    }
  }

  /// Tokens that only look like control tokens may yet be text: the merges say.
  @inline(__always)
  private static func kindInFile(_ id: Int32, _ vocabulary: Vocabulary) -> TokenKind {
    let kind = vocabulary.kind(of: id)
    return kind == .control && vocabulary.controlBySpelling.contains(id) ? .normal : kind
  }

  private mutating func insert(_ id: Int, countDuplicate: Bool = true) {
    table.insert(id, countDuplicate: countDuplicate)
    cuts.insert(texts.text(Int32(id)))
  }

  /// The token of each byte, or −1.
  func byteTokens() -> FixedArray<Int32> {
    let spelled = ByteSpelling.tokens(vocabulary)
    let tokens = FixedArray<Int32>(repeating: -1, count: 256)
    for byte in 0..<256 {
      let id = withUnsafePointer(to: UInt8(byte)) { table.id($0, 1) }
      tokens[byte] = id >= 0 ? id : spelled[byte]
    }
    return tokens
  }

  /// The merges, each checked: two known tokens, separated by a space, that together are a known token. And the
  /// tokens made that were taken for control tokens.
  ///
  /// With `skipsControl`, merges of or into control tokens are left out and counted: lists made from all pieces of a
  /// vocabulary have them, and no text may become such a token.
  func mergeTable(
    _ merges: ByteStrings, skipsControl: Bool
  ) throws(TokenizerError) -> (table: MergeTable, fromText: [Int32], skipped: Int) {
    guard merges.count <= BytePairTokenizer.maximumMerges else {
      throw .tooManyMerges(count: merges.count, limit: BytePairTokenizer.maximumMerges)
    }
    let result = MergeTable(count: merges.count)
    var fromText: [Int32] = []
    var skipped = 0
    var controls: Set<[UInt8]>?
    func isControl(_ piece: some Sequence<UInt8>) -> Bool {
      guard skipsControl else { return false }
      let all = controls ?? controlPieces()
      controls = all
      return all.contains(Array(piece))
    }
    var pair = ContiguousArray<UInt8>()
    // Most lists of merges run along with the ids of what they make, which saves the third look-up.
    var guess: Int32 = -1
    for index in 0..<merges.count {
      let merge = merges[index].assumingMemoryBound(to: UInt8.self)
      func bad(_ problem: String) -> TokenizerError {
        .badMerge(index: index, text: String(decoding: merge, as: UTF8.self), problem: problem)
      }
      // The first byte is never the separator: a piece may begin with a space, none is empty.
      guard let space = merge.dropFirst().firstIndex(of: 0x20) else { throw bad("is not two tokens") }
      pair.removeAll(keepingCapacity: true)
      func skips() -> Bool {
        let (left, right) = (merge[..<space], merge[(space + 1)...])
        return isControl(left) || isControl(right) || isControl(Array(left) + right)
      }
      guard append(merge, 0, space, to: &pair) else { throw bad("its first part is not a token") }
      let middle = pair.count
      guard append(merge, space + 1, merge.count, to: &pair) else {
        throw bad("its second part is not a token")
      }

      let (left, right, merged) = pair.withUnsafeBufferPointer { bytes -> (Int32, Int32, Int32) in
        let start = bytes.baseAddress!
        let left = table.id(start, middle)
        let right = middle < bytes.count ? table.id(start + middle, bytes.count - middle) : -1
        return (left, right, matches(guess, bytes) ? guess : table.id(start, bytes.count))
      }
      if left < 0 || right < 0 || merged < 0, skips() {
        skipped += 1
        continue
      }
      guard left >= 0 else { throw bad("its first part is not a token") }
      guard right >= 0 else { throw bad("its second part is not a token") }
      guard merged >= 0 else { throw bad("what it makes is not a token") }
      result.insert(left, right, rank: UInt32(index), merged: merged)
      guess = merged + 1
      if vocabulary.kind(of: merged) == .control { fromText.append(merged) }
    }
    return (result, fromText, skipped)
  }

  private func controlPieces() -> Set<[UInt8]> {
    let ids = (0..<Int32(vocabulary.count)).filter {
      vocabulary.kind(of: $0) == .control || vocabulary.kind(of: $0) == .unknown
    }
    return Set(ids.map { Array(vocabulary.pieceBytes($0)) })
  }

  /// Whether token `id` is the one the table would find for `bytes`.
  @inline(__always)
  private func matches(_ id: Int32, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard table.duplicates == 0, vocabulary.contains(id), vocabulary.kind(of: id) == .normal else {
      return false
    }
    let text = texts.text(id)
    return text.count == bytes.count && bytesEqual(text.baseAddress!, bytes.baseAddress!, bytes.count)
  }

  @inline(__always)
  private func append(
    _ merge: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, to pair: inout ContiguousArray<UInt8>
  ) -> Bool {
    guard start < end else { return false }
    let part = UnsafeBufferPointer(rebasing: merge[start..<end])
    if !plain { return alphabet.decode(part, into: &pair) }
    if escapesSpaces { SpaceSign.unescape(part, into: &pair) } else { pair.append(contentsOf: part) }
    return true
  }
}
