// SentencePiece's unigram model, which files call "t5": of all ways to cover the normalised text with pieces, the one
// with the best sum of scores, found from left to right (Kudo, 2018, arXiv:1804.10959).

/// A unigram tokenizer.
struct UnigramTokenizer: Tokenizer {
  let model = "t5"
  var preTokenizer: String? { nil }
  let vocabulary: Vocabulary
  let addsBOS: Bool
  let addsEOS: Bool
  let addsSpacePrefix: Bool
  let notes: [String]

  let texts: TokenTexts
  let template: TokenTemplate
  private let pipeline: TextPipeline
  /// The normalisation of a file that does not spell it out; `nil` where the pipeline does it.
  private let normalizer: UnigramNormalizer?
  private let trie: ByteTrie
  private let unknown: Int32
  /// An unknown character costs this much more than the worst piece.
  private static var unknownPenalty: Float { 10 }
  private let unknownScore: Double
  private let scores: FixedArray<Double>

  init(_ settings: TokenizerSettings) throws(TokenizerError) {
    let vocabulary = settings.vocabulary
    self.vocabulary = vocabulary
    guard let unknown = vocabulary.special.unk else {
      throw .missingSpecial(name: "unk", reason: "the tokenizer model \"t5\"")
    }
    self.unknown = unknown
    addsBOS = settings.addsBOS
    addsEOS = settings.addsEOS
    let mergesSpaces = settings.options.removeExtraWhitespaces ?? false
    let addsSpace = settings.options.addSpacePrefix ?? false
    // Where runs of spaces count as one, every word gets one, the first included.
    addsSpacePrefix = settings.huggingFace?.addsSpacePrefix ?? (addsSpace || mergesSpaces)
    notes = settings.notes
    pipeline = settings.pipeline()
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
    let escapes = settings.options.escapeWhitespaces ?? true
    var trie = ByteTrie(bytes: vocabulary.bytes.count)
    var userDefined = ByteTrie(bytes: 0)
    var worst: Float = 0
    let exact = settings.huggingFace?.scores
    let scores = FixedArray<Double>(repeating: 0, count: vocabulary.count)
    for id in 0..<Int32(vocabulary.count) {
      let isEntry = exact.map { Int(id) < $0.count } ?? true
      scores[Int(id)] = exact.map { isEntry ? $0[Int(id)] : 0 } ?? Double(vocabulary.score(of: id))
      switch vocabulary.kind(of: id) {
      case .normal:
        trie.insert(vocabulary.pieceBytes(id), id: id)
        worst = min(worst, vocabulary.score(of: id))
      case .unused: trie.insert(vocabulary.pieceBytes(id), id: id)
      case .userDefined:
        // What the user defined is taken where it stands, unless it is also an ordinary piece with a score; scores
        // are logarithms and so at most 0.
        if isEntry { trie.insert(vocabulary.pieceBytes(id), id: id) }
        if exact == nil { scores[Int(id)] = 0 }
        userDefined.insert(vocabulary.pieceBytes(id), id: id)
      case .control, .unknown, .byte, .undefined: break
      }
    }
    self.scores = scores
    self.trie = trie
    unknownScore =
      exact.map { ($0.min() ?? 0) - Double(Self.unknownPenalty) } ?? Double(worst - Self.unknownPenalty)
    guard settings.huggingFace == nil else {
      normalizer = nil
      return
    }
    normalizer = UnigramNormalizer(
      map: try CharacterMap(settings.options.characterMap), userDefined: userDefined,
      space: escapes ? [0xE2, 0x96, 0x81] : [0x20], addsSpace: addsSpace,
      spaceIsSuffix: settings.options.treatWhitespaceAsSuffix ?? false,
      mergesSpaces: mergesSpaces)
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
    var ids: [Int32] = []
    if addSpecial { ids += template.before }
    for part in parts {
      switch part {
      case .token(let id): ids.append(id)
      case .text(let range):
        let text = UnsafeBufferPointer(rebasing: bytes[range])
        if let normalizer {
          try normalizer.normalize(text).withUnsafeBufferPointer { append($0, to: &ids) }
        } else {
          append(text, to: &ids)
        }
      }
    }
    if addSpecial { ids += template.after }
    return ids
  }

  /// The best way to reach a position: the token that ends there and where it starts.
  private struct Step {
    var score: Double
    var start: Int32
    var id: Int32
  }

  /// Appends the tokens of the best path through `text`. Neighbouring unknown characters are one token.
  ///
  /// - Complexity: O(*n* · longest piece).
  private func append(_ text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
    guard let base = text.baseAddress, !text.isEmpty else { return }
    var steps = [Step](
      repeating: Step(score: -.infinity, start: 0, id: unknown), count: text.count + 1)
    steps[0].score = 0
    var position = 0
    while position < text.count {
      let score = steps[position].score
      let character = position + scalarLength(base + position, text.count - position)
      func offer(_ id: Int32, _ end: Int, _ tokenScore: Double) {
        if score + tokenScore > steps[end].score {
          steps[end] = Step(score: score + tokenScore, start: Int32(truncatingIfNeeded: position), id: id)
        }
      }
      var covered = false
      var node = ByteTrie.root
      var end = position
      while end < text.count, let child = trie.child(of: node, text[end]) {
        node = child
        end += 1
        let id = trie.id(at: node)
        if id >= 0 {
          covered = covered || end == character
          offer(id, end, scores.base[Int(id)])
        }
      }
      if !covered { offer(unknown, character, unknownScore) }
      position = character
    }

    let first = ids.count
    var end = text.count
    var lastIsUnknown = false
    while end > 0 {
      let step = steps[end]
      let isUnknown = step.id == unknown
      if !(isUnknown && lastIsUnknown) { ids.append(step.id) }
      lastIsUnknown = isUnknown
      end = Int(step.start)
    }
    ids[first...].reverse()
  }
}
