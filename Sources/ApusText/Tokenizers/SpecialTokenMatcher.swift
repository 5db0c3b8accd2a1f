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
  private let stripsLeft: Set<Int32>
  private let stripsRight: Set<Int32>

  init(_ vocabulary: Vocabulary, stripsLeft: Set<Int32>, stripsRight: Set<Int32>) {
    var userDefined = ByteTrie(bytes: 0)
    var all = ByteTrie(bytes: 0)
    var counts = (userDefined: 0, all: 0)
    for id in 0..<Int32(vocabulary.count) where vocabulary.isMarker(id) {
      all.insert(vocabulary.pieceBytes(id), id: id)
      counts.all += 1
      if vocabulary.kind(of: id) == .userDefined {
        userDefined.insert(vocabulary.pieceBytes(id), id: id)
        counts.userDefined += 1
      }
    }
    self.userDefined = userDefined
    self.all = all
    hasUserDefined = counts.userDefined > 0
    hasAny = counts.all > 0
    self.stripsLeft = stripsLeft
    self.stripsRight = stripsRight
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
      var end = position
      if stripsLeft.contains(found.id) {
        while end > start, isSpace(text[end - 1]) { end -= 1 }
      }
      if start < end { parts.append(.text(start..<end)) }
      parts.append(.token(found.id))
      position = found.end
      if stripsRight.contains(found.id) {
        while position < text.count, isSpace(text[position]) { position += 1 }
      }
      start = position
    }
    if start < text.count { parts.append(.text(start..<text.count)) }
    return parts
  }

  /// White space as C's `isspace` has it.
  private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
}
