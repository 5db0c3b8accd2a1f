// Special tokens spelled in a text: the text falls into tokens and the plain stretches between them. Which tokens
// count is decided by the caller of encode, so that a user's text can never become a control token by accident.

/// A part of a text.
enum TextPart {
  /// A token matched as a whole.
  case token(Int32)
  /// Plain text.
  case text(Range<Int>)
}

/// Finds tokens that are matched as a whole, the longest at each place.
struct SpecialTokenMatcher: Sendable {
  /// User-defined tokens, matched in every text, and all tokens that can be, matched on request.
  private let userDefined: ByteTrie
  private let all: ByteTrie
  private let hasUserDefined: Bool
  private let hasAny: Bool
  /// Tokens that take the white space before, or behind, them along.
  private var stripsLeft: Set<Int32> = []
  private var stripsRight: Set<Int32> = []
  /// Tokens that count only where no letter, digit or the like touches them.
  private var singleWords: Set<Int32> = []
  /// White space is that of Unicode rather than C's.
  private var stripsUnicode = false

  /// A token matched as a whole, as `tokenizer.json` describes it.
  struct Token: Sendable {
    var id: Int32
    var bytes: [UInt8]
    /// Matched in every text rather than on request.
    var isUserDefined = false
    var stripsLeft = false
    var stripsRight = false
    var isSingleWord = false
  }

  /// The tokens of a vocabulary that its kinds say are matched as a whole.
  init(_ vocabulary: Vocabulary, stripsLeft: Set<Int32>, stripsRight: Set<Int32>) {
    var tokens: [Token] = []
    for id in 0..<Int32(vocabulary.count) where vocabulary.isMarker(id) {
      tokens.append(
        Token(
          id: id, bytes: Array(vocabulary.pieceBytes(id)),
          isUserDefined: vocabulary.kind(of: id) == .userDefined))
    }
    self.init(tokens)
    self.stripsLeft = stripsLeft
    self.stripsRight = stripsRight
    stripsUnicode = false
  }

  /// A matcher of these tokens and no others; white space is that of Unicode.
  init(_ tokens: [Token]) {
    var userDefined = ByteTrie(bytes: 0)
    var all = ByteTrie(bytes: 0)
    for token in tokens {
      token.bytes.withUnsafeBufferPointer { bytes in
        all.insert(bytes, id: token.id)
        if token.isUserDefined { userDefined.insert(bytes, id: token.id) }
      }
      if token.stripsLeft { stripsLeft.insert(token.id) }
      if token.stripsRight { stripsRight.insert(token.id) }
      if token.isSingleWord { singleWords.insert(token.id) }
    }
    self.userDefined = userDefined
    self.all = all
    hasUserDefined = tokens.contains(where: \.isUserDefined)
    hasAny = !tokens.isEmpty
    stripsUnicode = true
  }

  /// The parts of `text`, in order.
  ///
  /// - Complexity: O(*n* · longest special token), in ordinary text O(*n*).
  func parts(of text: UnsafeBufferPointer<UInt8>, _ parsing: SpecialTokenParsing) -> [TextPart] {
    var ranges: ArraySlice<Range<Int>> = []
    switch parsing {
    case .nowhere: break
    case .everywhere: ranges = [0..<text.count]
    case .within(let given): ranges = given[...]
    }
    guard ranges.isEmpty ? hasUserDefined : hasAny else {
      return text.isEmpty ? [] : [.text(0..<text.count)]
    }
    var parts: [TextPart] = []
    var start = 0
    var position = 0
    while position < text.count {
      while let first = ranges.first, first.upperBound <= position { ranges.removeFirst() }
      var found = (id: Int32(-1), end: position)
      if let range = ranges.first, range.contains(position) {
        // Cut off at the range's end, so that a token cannot begin in the template and end in a message.
        found = all.longest(in: UnsafeBufferPointer(rebasing: text[..<range.upperBound]), from: position)
      }
      if found.id < 0, hasUserDefined { found = userDefined.longest(in: text, from: position) }
      guard found.id >= 0 else {
        position += 1
        continue
      }
      if singleWords.contains(found.id), touchesWord(text, position, found.end) {
        position = found.end
        continue
      }
      var end = position
      if stripsLeft.contains(found.id) {
        while let before = spaceBefore(end, in: text), before >= start { end = before }
      }
      if start < end { parts.append(.text(start..<end)) }
      parts.append(.token(found.id))
      position = found.end
      if stripsRight.contains(found.id) {
        while let next = spaceEnd(from: position, in: text) { position = next }
      }
      start = position
    }
    if start < text.count { parts.append(.text(start..<text.count)) }
    return parts
  }

  /// Where the white space begins that ends at `end`, or `nil`.
  private func spaceBefore(_ end: Int, in text: UnsafeBufferPointer<UInt8>) -> Int? {
    guard end > 0 else { return nil }
    if text[end - 1] < 0x80 || !stripsUnicode { return Self.isSpace(text[end - 1]) ? end - 1 : nil }
    return character(before: end, in: text).flatMap { $0.isAny(.space) ? end - $0.length : nil }
  }

  /// Where the white space ends that begins at `start`, or `nil`.
  private func spaceEnd(from start: Int, in text: UnsafeBufferPointer<UInt8>) -> Int? {
    guard start < text.count else { return nil }
    if text[start] < 0x80 || !stripsUnicode { return Self.isSpace(text[start]) ? start + 1 : nil }
    let character = ScannedText(text).character(start, text.count)
    return character.isAny(.space) ? start + character.length : nil
  }

  private func character(
    before end: Int, in text: UnsafeBufferPointer<UInt8>
  ) -> ScannedText.Character? {
    var start = end - 1
    while start > 0, end - start < 4, text[start] & 0xC0 == 0x80 { start -= 1 }
    guard start >= 0 else { return nil }
    let character = ScannedText(text).character(start, end)
    return character.length == end - start ? character : nil
  }

  /// Whether a character of a word stands right before `start` or right behind `end`.
  private func touchesWord(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
    let before = character(before: start, in: text)
    let after = end < text.count ? ScannedText(text).character(end, text.count) : nil
    return [before, after].contains { $0.map(Self.isWord) ?? false }
  }

  /// `\w` as regular expressions of Unicode have it (Unicode Technical Standard 18, annex C).
  private static func isWord(_ character: ScannedText.Character) -> Bool {
    if character.isAny([.letter, .mark, .digit, .connector]) { return true }
    guard let properties = Unicode.Scalar(character.scalar)?.properties else { return false }
    return properties.isAlphabetic || properties.isJoinControl
  }

  /// White space as C's `isspace` has it.
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
}
