// The normalizers of a `tokenizer.json`, as steps on bytes. Bytes that are no UTF-8 pass unchanged where a step allows.
// What no step expresses is refused when the file is read (NormalizerEntry).

/// What is done to a text before pieces are looked for.
struct TextNormalizer: Sendable {
  /// One normalizer.
  enum Step: Sendable {
    /// Unicode's canonical composition, and decomposition.
    case composed, decomposed
    case lowercase
    /// Characters of `\p{M}` are dropped.
    case dropMarks
    /// White space at the ends is dropped.
    case strip(left: Bool, right: Bool)
    /// Put before a text that is not empty.
    case prepend([UInt8])
    /// Every match is replaced.
    case replace(Match, [UInt8])
    /// SentencePiece's compiled replacements.
    case characterMap(CharacterMap)
  }

  /// What is replaced.
  enum Match: Sendable, Equatable {
    case bytes([UInt8])
    /// Runs of at least so many spaces, U+0020.
    case blanks(Int)
    /// Runs of at least so many characters of white space.
    case whitespace(Int)
    /// `\s{2,}|[\n\r\t]`
    case whitespaceOrControl
    /// `[\n\r\t]`
    case control
  }

  var steps: [Step] = []

  /// Whether `text` is certainly left as it is.
  func leaves(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    steps.allSatisfy { step in
      // No character below U+0300 changes when composed.
      if case .composed = step { text.allSatisfy { $0 < 0xCC } } else { false }
    }
  }

  /// The normalised text.
  ///
  /// - Throws: `TokenizerError.badCharacterMap`; `normalizationTooLong` where a text grows as no sane file makes it.
  /// - Complexity: O(steps · *n*), for composing marks out of order O(*n* log *n*).
  func normalize(_ text: UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> ContiguousArray<UInt8> {
    // The longest replacement known makes 33 bytes of 3.
    let limit = text.count * 32 + 4096
    var text = ContiguousArray(text)
    for step in steps {
      let source = text
      let result = source.withUnsafeBufferPointer { bytes in
        Result { () throws(TokenizerError) in try Self.apply(step, bytes, &text, limit) }
      }
      try result.get()
    }
    return text
  }

  private static func apply(
    _ step: Step, _ source: UnsafeBufferPointer<UInt8>, _ text: inout ContiguousArray<UInt8>,
    _ limit: Int
  ) throws(TokenizerError) {
    let count = source.count
    let scanned = ScannedText(source)
    func rewrite(_ body: (ScannedText.Character, inout ContiguousArray<UInt8>) -> Bool) {
      text.removeAll(keepingCapacity: true)
      var position = 0
      while position < count {
        let character = scanned.character(position, count)
        if !body(character, &text) {
          text.append(
            contentsOf: UnsafeBufferPointer(rebasing: source[position..<position + character.length]))
        }
        position += character.length
      }
    }
    switch step {
    case .composed: text = CanonicalForm.normalize(source, composes: true)
    case .decomposed: text = CanonicalForm.normalize(source, composes: false)
    case .lowercase:
      rewrite { character, text in
        if character.length == 1 {
          guard 0x41...0x5A ~= character.scalar else { return false }
          text.append(UInt8(character.scalar) | 0x20)
          return true
        }
        guard let scalar = Unicode.Scalar(character.scalar) else { return false }
        text.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
        return true
      }
    case .dropMarks: rewrite { character, _ in character.isAny(.mark) }
    case .strip(let left, let right):
      var start = 0
      if left { start = scanned.skip(.space, from: 0, count) }
      var end = start
      var position = start
      while position < count {
        let character = scanned.character(position, count)
        position += character.length
        if !right || !character.isAny(.space) { end = position }
      }
      text = ContiguousArray(source[start..<end])
    case .prepend(let bytes):
      guard count + bytes.count <= limit else { throw .normalizationTooLong(limit: limit) }
      if !text.isEmpty { text.insert(contentsOf: bytes, at: 0) }
    case .replace(let match, let bytes):
      text.removeAll(keepingCapacity: true)
      var position = 0
      while position < count {
        if let end = matchEnd(match, scanned, position, count) {
          guard text.count + bytes.count <= limit else { throw .normalizationTooLong(limit: limit) }
          text.append(contentsOf: bytes)
          position = end
        } else {
          text.append(source[position])
          position += 1
        }
      }
    case .characterMap(let map): text = try map.replaceGraphemes(of: source, limit: limit)
    }
  }

  /// Where a match ends that begins at `position`, or `nil`.
  private static func matchEnd(_ match: Match, _ text: ScannedText, _ position: Int, _ end: Int) -> Int? {
    let byte = text.base[position]
    func run(_ least: Int, _ isMember: (ScannedText.Character) -> Bool) -> Int? {
      var next = position
      var count = 0
      while true {
        let character = text.character(next, end)
        guard character.length > 0, isMember(character) else { break }
        next += character.length
        count += 1
      }
      return count >= least ? next : nil
    }
    switch match {
    case .bytes(let wanted):
      guard byte == wanted[0], end - position >= wanted.count else { return nil }
      return bytesEqual(text.base + position, wanted, wanted.count) ? position + wanted.count : nil
    case .blanks(let least): return byte == 0x20 ? run(least) { $0.scalar == 0x20 } : nil
    // A byte inside of a character is never white space by itself: it counts as U+FFFD.
    case .whitespace(let least): return run(least) { $0.isAny(.space) }
    case .whitespaceOrControl:
      return run(2) { $0.isAny(.space) } ?? matchEnd(.control, text, position, end)
    case .control: return byte == 0x0A || byte == 0x0D || byte == 0x09 ? position + 1 : nil
    }
  }
}
