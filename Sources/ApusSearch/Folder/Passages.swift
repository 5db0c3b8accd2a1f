// A text cut into passages: paragraphs, joined while they are short, cut at sentences where they are long. A passage is
// what a vector stands for and what a search shows.

/// Cuts texts into passages.
public struct PassageCutter: Sendable {
  /// Bytes a passage should have: paragraphs are joined up to it.
  public var target: Int

  /// - Parameter target: bytes; a passage has at most twice as many.
  public init(target: Int = 800) {
    precondition(target >= 16)
    self.target = target
  }

  /// The passages of a UTF-8 text, in order, without white space at their ends.
  ///
  /// - Complexity: O(bytes).
  public func passages(of text: [UInt8]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var open: Range<Int>?
    for paragraph in paragraphs(text) {
      if let joined = open, paragraph.upperBound - joined.lowerBound <= target {
        open = joined.lowerBound..<paragraph.upperBound
        continue
      }
      if let open { result.append(open) }
      open = nil
      let parts = cut(paragraph, text)
      result += parts.dropLast()
      open = parts.last
    }
    if let open { result.append(open) }
    return result
  }

  /// Runs of lines between blank lines, trimmed.
  private func paragraphs(_ text: [UInt8]) -> [Range<Int>] {
    var paragraphs: [Range<Int>] = []
    var start: Int?
    var end = 0
    var line = 0
    while line < text.count {
      let next = text[line...].firstIndex(of: 0x0A).map { $0 + 1 } ?? text.count
      if let trimmed = Self.trim(line..<next, text) {
        start = start ?? trimmed.lowerBound
        end = trimmed.upperBound
      } else if let first = start {
        paragraphs.append(first..<end)
        start = nil
      }
      line = next
    }
    if let start { paragraphs.append(start..<end) }
    return paragraphs
  }

  /// A paragraph in parts of at most twice the target.
  private func cut(_ paragraph: Range<Int>, _ text: [UInt8]) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var rest = paragraph
    while rest.count > 2 * target {
      let place = Self.place(in: rest.lowerBound + target / 2..<rest.lowerBound + 2 * target, text)
      if let part = Self.trim(rest.lowerBound..<place, text) { parts.append(part) }
      guard let next = Self.trim(place..<rest.upperBound, text) else { return parts }
      rest = next
    }
    return parts + [rest]
  }

  /// The best place to cut: behind a sentence, else at a line's end, else at a space, else between two characters.
  private static func place(in window: Range<Int>, _ text: [UInt8]) -> Int {
    var (line, space): (Int?, Int?) = (nil, nil)
    for index in window.reversed() {
      let byte = text[index]
      guard byte == 0x20 || byte == 0x0A else { continue }
      if [0x2E, 0x21, 0x3F].contains(text[index - 1]) { return index }
      if byte == 0x0A, line == nil { line = index }
      if space == nil { space = index }
    }
    if let place = line ?? space { return place }
    var place = window.upperBound
    while place > window.lowerBound, text[place] & 0xC0 == 0x80 { place -= 1 }
    return place
  }

  private static func trim(_ range: Range<Int>, _ text: [UInt8]) -> Range<Int>? {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
    guard let first = range.first(where: { !isSpace(text[$0]) }),
      let last = range.last(where: { !isSpace(text[$0]) })
    else { return nil }
    return first..<last + 1
  }
}
