// SentencePiece's byte-pair model, which files call "llama": any two neighbours that together are a piece may merge,
// the piece with the best score first; what is no piece in the end becomes byte tokens. Normalisation beyond the
// space is not applied, as the models that use this kind have none.

/// A tokenizer of SentencePiece's byte-pair kind.
struct SentencePieceTokenizer: Tokenizer {
  let model = "llama"
  var preTokenizer: String? { nil }
  let vocabulary: Vocabulary
  let addsBOS: Bool
  let addsEOS: Bool
  let addsSpacePrefix: Bool
  let notes: [String]

  let texts: TokenTexts
  let template: TokenTemplate
  private let specials: SpecialTokenMatcher
  private let rules: WordRules<ScoreRule>

  init(_ settings: TokenizerSettings) {
    let vocabulary = settings.vocabulary
    self.vocabulary = vocabulary
    addsBOS = settings.addsBOS
    addsEOS = settings.addsEOS
    addsSpacePrefix = settings.options.addSpacePrefix ?? true
    specials = settings.specialTokenMatcher()
    template = settings.template(model: model)

    texts = TokenTexts(vocabulary) { id, bytes in
      let piece = vocabulary.pieceBytes(id)
      switch vocabulary.kind(of: id) {
      case .normal, .unused, .undefined: SpaceSign.unescape(piece, into: &bytes)
      case .byte:
        if let byte = ByteSpelling.byte(piece) { bytes.append(byte) } else { bytes.append(contentsOf: piece) }
      case .control, .unknown, .userDefined: bytes.append(contentsOf: piece)
      }
    }
    var table = PieceTable(bytes: texts.bytes, offsets: texts.offsets)
    let cuts = SafeCuts()
    var longest = 0
    for id in 0..<Int32(vocabulary.count) {
      switch vocabulary.kind(of: id) {
      // A space in a normal piece never stands for ▁, so such a piece is in no text.
      case .normal, .unused, .undefined: if vocabulary.pieceBytes(id).contains(0x20) { continue }
      case .userDefined: break
      case .control, .unknown, .byte: continue
      }
      table.insert(Int(id))
      cuts.insert(texts.text(id))
      longest = max(longest, texts.text(id).count)
    }
    var notes = settings.notes
    if table.duplicates > 0 {
      notes.append("\(table.duplicates) tokens have the same text as an earlier one; the first is used")
    }
    self.notes = notes
    rules = WordRules(
      rule: ScoreRule(pieces: table, ranks: Self.ranks(vocabulary), longest: longest), pieces: table,
      cuts: cuts,
      ignoreMerges: false, byteTokens: ByteSpelling.tokens(vocabulary), unknown: vocabulary.special.unk ?? -1,
      escapesSpaces: true)
  }

  /// The place of each token when scores fall; equal scores share a place.
  private static func ranks(_ vocabulary: Vocabulary) -> FixedArray<UInt32> {
    let order = (0..<Int32(vocabulary.count)).sorted { vocabulary.score(of: $0) > vocabulary.score(of: $1) }
    let ranks = FixedArray<UInt32>(repeating: 0, count: vocabulary.count)
    var rank: UInt32 = 0
    for (index, id) in order.enumerated() {
      if index > 0, vocabulary.score(of: id) != vocabulary.score(of: order[index - 1]) { rank += 1 }
      ranks[Int(id)] = rank
    }
    return ranks
  }

  func encode(
    _ text: UnsafeRawBufferPointer, addSpecial: Bool, specials parsing: SpecialTokenParsing
  ) throws(TokenizerError) -> [Int32] {
    try checkLength(text)
    let bytes = text.assumingMemoryBound(to: UInt8.self)
    let parts = specials.parts(of: bytes, parsing)
    let spaced = SpacedText(bytes, parts, prefix: addsSpacePrefix)
    let result = spaced.bytes.withUnsafeBufferPointer { bytes in
      Result { () throws(TokenizerError) in try encode(bytes, spaced.parts, addSpecial) }
    }
    return try result.get()
  }

  private func encode(_ text: UnsafeBufferPointer<UInt8>, _ parts: [TextPart], _ addSpecial: Bool)
    throws(TokenizerError) -> [Int32]
  {
    let base = ScannedText(text).base
    var words = WordEncoder(rules, base, count: text.count)
    if addSpecial { template.before.forEach { words.append($0) } }
    for part in parts {
      switch part {
      case .token(let id): words.append(id)
      case .text(let range):
        // Where no piece reaches across, the text falls into words that the cache knows.
        var start = range.lowerBound
        for position in range.lowerBound + 1..<range.upperBound
        where rules.cuts.allows(base[position - 1], base[position]) {
          words.encode(start, position)
          start = position
        }
        words.encode(start, range.upperBound)
      }
    }
    if let failure = words.failure { throw failure }
    if addSpecial { template.after.forEach { words.append($0) } }
    return words.output
  }
}
