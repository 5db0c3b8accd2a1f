// Text that remembers where each character comes from: the template, or what people wrote.

/// A string of Unicode scalars, as Python's `str`. A scalar's highest bit says that it is content: it came from
/// a message, a tool or a name, and must never become part of a control token. Every operation keeps the bit.
struct TemplateText {
  static let contentBit: UInt32 = 1 << 31
  /// The next bit says that the scalar stands between `{% generation %}` marks: it is what the assistant says. Every operation
  /// keeps it, too.
  static let generationBit: UInt32 = 1 << 30
  static let marks = contentBit | generationBit

  var scalars: [UInt32]

  init(_ scalars: [UInt32] = []) {
    self.scalars = scalars
  }

  init(_ text: some StringProtocol, isContent: Bool = false) {
    let bit = isContent ? Self.contentBit : 0
    scalars = text.unicodeScalars.map { $0.value | bit }
  }

  var count: Int { scalars.count }

  /// The characters without their origin.
  var plain: [UInt32] { scalars.map { $0 & ~Self.marks } }

  var string: String {
    var view = String.UnicodeScalarView()
    for scalar in scalars { view.append(UnicodeScalar(scalar & ~Self.marks) ?? "\u{FFFD}") }
    return String(view)
  }

  /// The runs of one origin.
  var segments: [(text: String, isContent: Bool, isGenerated: Bool)] {
    var segments: [(String, Bool, Bool)] = []
    var start = 0
    while start < count {
      let marks = scalars[start] & Self.marks
      var end = start + 1
      while end < count, scalars[end] & Self.marks == marks { end += 1 }
      segments.append(
        (
          TemplateText(Array(scalars[start..<end])).string, marks & Self.contentBit != 0,
          marks & Self.generationBit != 0
        ))
      start = end
    }
    return segments
  }

  static func + (left: TemplateText, right: TemplateText) -> TemplateText {
    TemplateText(left.scalars + right.scalars)
  }

  // MARK: Searching

  func matches(_ pattern: [UInt32], at index: Int) -> Bool {
    guard index >= 0, index + pattern.count <= count else { return false }
    for offset in pattern.indices where scalars[index + offset] & ~Self.marks != pattern[offset] {
      return false
    }
    return true
  }

  /// Where `pattern` begins, at or after `start`.
  func firstIndex(of pattern: [UInt32], from start: Int = 0) -> Int? {
    guard count >= pattern.count, start <= count - pattern.count else { return nil }
    return (start...count - pattern.count).first { matches(pattern, at: $0) }
  }

  /// The pieces between occurrences of `separator`, at most `limit` cuts.
  func split(_ separator: [UInt32], limit: Int = .max) -> [TemplateText] {
    var pieces: [TemplateText] = []
    var start = 0
    while pieces.count < limit, let index = firstIndex(of: separator, from: start) {
      pieces.append(TemplateText(Array(scalars[start..<index])))
      start = index + separator.count
    }
    pieces.append(TemplateText(Array(scalars[start...])))
    return pieces
  }

  /// The words between runs of white space, at most `limit` cuts.
  func splitWords(limit: Int = .max) -> [TemplateText] {
    var words: [TemplateText] = []
    var index = 0
    while true {
      while index < count, Self.isSpace(scalars[index]) { index += 1 }
      guard index < count else { return words }
      if words.count == limit {
        words.append(TemplateText(Array(scalars[index...])).stripped(nil, left: false, right: true))
        return words
      }
      let start = index
      while index < count, !Self.isSpace(scalars[index]) { index += 1 }
      words.append(TemplateText(Array(scalars[start..<index])))
    }
  }

  /// Without the characters of `set` (white space if nil) at its ends.
  func stripped(_ set: [UInt32]?, left: Bool, right: Bool) -> TemplateText {
    func drops(_ scalar: UInt32) -> Bool {
      set?.contains(scalar & ~Self.marks) ?? Self.isSpace(scalar)
    }
    var (start, end) = (0, count)
    while left, start < end, drops(scalars[start]) { start += 1 }
    while right, end > start, drops(scalars[end - 1]) { end -= 1 }
    return TemplateText(Array(scalars[start..<end]))
  }

  /// Every `pattern` replaced, at most `limit` times.
  func replacing(_ pattern: [UInt32], with other: TemplateText, limit: Int = .max) -> TemplateText {
    if pattern.isEmpty {
      var result: [UInt32] = []
      for (index, scalar) in scalars.enumerated() {
        if index < limit { result += other.scalars }
        result.append(scalar)
      }
      return TemplateText(count < limit ? result + other.scalars : result)
    }
    return TemplateText(Array(split(pattern, limit: limit).map(\.scalars).joined(separator: other.scalars)))
  }

  /// Each character mapped to others of the same origin.
  func mapped(_ body: (Unicode.Scalar, _ previous: Unicode.Scalar?) -> String) -> TemplateText {
    var result: [UInt32] = []
    var previous: Unicode.Scalar?
    for value in scalars {
      guard let scalar = Unicode.Scalar(value & ~Self.marks) else { continue }
      for new in body(scalar, previous).unicodeScalars { result.append(new.value | value & Self.marks) }
      previous = scalar
    }
    return TemplateText(result)
  }

  /// Python's `str.isspace`.
  static func isSpace(_ value: UInt32) -> Bool {
    let scalar = value & ~marks
    switch scalar {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0: return true
    case 0..<0x80: return false
    default: return Unicode.Scalar(scalar)?.properties.isWhitespace ?? false
    }
  }
}

extension TemplateText: Hashable {
  static func == (left: TemplateText, right: TemplateText) -> Bool {
    left.count == right.count && zip(left.scalars, right.scalars).allSatisfy { ($0 ^ $1) & ~marks == 0 }
  }

  func hash(into hasher: inout Hasher) {
    for scalar in scalars { hasher.combine(scalar & ~Self.marks) }
  }
}

extension TemplateText: Comparable {
  /// By code points, as Python.
  static func < (left: TemplateText, right: TemplateText) -> Bool {
    left.plain.lexicographicallyPrecedes(right.plain)
  }
}
