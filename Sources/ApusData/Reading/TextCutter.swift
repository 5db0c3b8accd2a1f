// Where a text file's documents end, and where a very long one may be cut. Both depend on the bytes alone, never on how
// they happened to arrive, so every run makes the same pieces.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds the next piece of a text.
struct TextCutter {
  /// The next piece.
  struct Cut: Equatable {
    /// Bytes of the piece.
    var count: Int
    /// Bytes behind it that belong to no document.
    var separator: Int
    /// Whether the document ends here.
    var endsDocument: Bool
    /// Whether it was cut for its length alone.
    var isForced = false
  }

  private let pattern: [UInt8]
  private let isLine: Bool
  private let longest: Int
  private let cutsAt: Int

  init(_ options: ReadingOptions) {
    switch options.separator {
    case .none: (pattern, isLine) = ([], false)
    case .text(let text): (pattern, isLine) = (Array(text.utf8), false)
    case .line(let text): (pattern, isLine) = (Array(text.utf8), true)
    }
    longest = max(1, options.longest)
    cutsAt = min(options.cutsAt ?? longest, longest)
  }

  /// The next piece, or nil at the end of the text.
  func next(_ window: inout InputWindow) throws(ReadingError) -> Cut? {
    var searched = 0
    var searchedCuts = cutsAt
    while true {
      let bytes = window.bytes
      if bytes.isEmpty, window.isAtEnd { return nil }
      if let range = separator(in: bytes, from: &searched, isAtEnd: window.isAtEnd) {
        // In a long document the first place to cut may come before its end.
        return cut(bytes, from: &searchedCuts, before: range.lowerBound)
          ?? Cut(count: range.lowerBound, separator: range.count, endsDocument: true)
      }
      // No separator begins before `searched`, so a cut up to there stands whatever follows.
      if let cut = cut(bytes, from: &searchedCuts, before: searched) { return cut }
      if window.isAtEnd { return Cut(count: bytes.count, separator: 0, endsDocument: true) }
      try window.grow()
    }
  }

  // MARK: Long documents

  /// A place to cut a document that reaches at least to `end`, nil when it is short enough or there is none yet. `start`
  /// moves up to where none is.
  private func cut(
    _ bytes: UnsafeRawBufferPointer, from start: inout Int, before end: Int
  ) -> Cut? {
    // Behind a line feed stand up to three bytes that tell whether it counts.
    while let newline = firstByte(0x0A, in: bytes, from: start), newline + 4 < min(end, longest) {
      if SafeCut.isSafe(behind: newline, in: bytes) {
        return Cut(count: newline + 1, separator: 0, endsDocument: false)
      }
      start = newline + 1
    }
    guard end > longest else { return nil }
    // At the beginning of a character, if the text has characters.
    var count = longest
    while count > max(1, longest - 3), bytes[count] & 0xC0 == 0x80 { count -= 1 }
    return Cut(count: count, separator: 0, endsDocument: false, isForced: true)
  }

  // MARK: Separators

  /// The first separator that begins at or behind `start`, with the line ends beside it. `start` moves up to where none
  /// begins.
  private func separator(
    in bytes: UnsafeRawBufferPointer, from start: inout Int, isAtEnd: Bool
  ) -> Range<Int>? {
    if pattern.isEmpty, !isLine {
      start = bytes.count
      return nil
    }
    if let found = isLine ? line(in: bytes, from: start, isAtEnd) : text(in: bytes, from: start) {
      let before = lineEnd(before: found.lowerBound, in: bytes)
      guard isLine || isAtEnd || found.upperBound + 2 <= bytes.count else {
        // The line end behind it may still be to come.
        start = found.lowerBound - before
        return nil
      }
      let after = isLine ? 0 : lineEnd(at: found.upperBound, in: bytes)
      return found.lowerBound - before..<found.upperBound + after
    }
    // What may be the beginning of a separator is looked at again when more has come.
    start = isAtEnd ? bytes.count : max(start, unsure(bytes))
    return nil
  }

  /// From where on a separator may begin that is not all in the window: it, a line end on either side.
  private func unsure(_ bytes: UnsafeRawBufferPointer) -> Int {
    max(0, bytes.count - pattern.count - 4)
  }

  /// The pattern from `start` on.
  private func text(in bytes: UnsafeRawBufferPointer, from start: Int) -> Range<Int>? {
    var place = start
    while let found = firstByte(pattern[0], in: bytes, from: place), found + pattern.count <= bytes.count {
      if memcmp(bytes.baseAddress! + found, pattern, pattern.count) == 0 {
        return found..<found + pattern.count
      }
      place = found + 1
    }
    return nil
  }

  /// A line from `start` on that is the pattern, with its end. A line begins at the window, or behind a line feed.
  private func line(in bytes: UnsafeRawBufferPointer, from start: Int, _ isAtEnd: Bool) -> Range<Int>? {
    var place = start
    if place > 0, bytes[place - 1] != 0x0A {
      guard let newline = firstByte(0x0A, in: bytes, from: place) else { return nil }
      place = newline + 1
    }
    while place <= bytes.count {
      let end = firstByte(0x0A, in: bytes, from: place)
      guard end != nil || isAtEnd, place < bytes.count else { return nil }
      var stop = end ?? bytes.count
      let next = end.map { $0 + 1 } ?? bytes.count
      if stop > place, bytes[stop - 1] == 0x0D { stop -= 1 }
      if stop - place == pattern.count,
        pattern.isEmpty || memcmp(bytes.baseAddress! + place, pattern, pattern.count) == 0
      {
        return place..<next
      }
      place = next
    }
    return nil
  }

  /// Bytes of the line end that stands right before `place`.
  private func lineEnd(before place: Int, in bytes: UnsafeRawBufferPointer) -> Int {
    guard place > 0, bytes[place - 1] == 0x0A else { return 0 }
    return place > 1 && bytes[place - 2] == 0x0D ? 2 : 1
  }

  /// Bytes of the line end that begins at `place`.
  private func lineEnd(at place: Int, in bytes: UnsafeRawBufferPointer) -> Int {
    if place < bytes.count, bytes[place] == 0x0A { return 1 }
    return place + 1 < bytes.count && bytes[place] == 0x0D && bytes[place + 1] == 0x0A ? 2 : 0
  }
}
