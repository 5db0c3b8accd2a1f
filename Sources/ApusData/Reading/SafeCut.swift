// Where a text may be cut so that the tokens of the pieces are those of the whole.

/// Places between words for every splitter of words.
enum SafeCut {
  /// Whether a text may be cut behind the line feed at `newline`: no white space stands before it, and a letter or digit
  /// behind it. Splitters take such a line end as a word of its own, or as the end of the punctuation before it, and begin
  /// anew behind it.
  ///
  /// Three bytes must follow the line feed.
  static func isSafe(behind newline: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
    var before = newline - 1
    while before > 0, newline - before < 4, bytes[before] & 0xC0 == 0x80 { before -= 1 }
    return before >= 0 && isVisible(before, in: bytes) && isWord(newline + 1, in: bytes)
  }

  // Both say no for whole blocks in which there are exceptions: there are places enough.

  /// Whether the character that begins at `place` is no white space.
  private static func isVisible(_ place: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
    switch bytes[place] {
    case 0x21...0x7E: true
    // U+3000 is the ideographic space; brackets and stops follow.
    case 0xE3: bytes[place + 1] != 0x80 || bytes[place + 2] != 0x80
    default: isWord(place, in: bytes)
    }
  }

  /// Whether the character that begins at `place` is none of the punctuation that some splitters take together with line
  /// ends, and no white space.
  private static func isWord(_ place: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
    switch bytes[place] {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    // Latin letters with accents, Greek, Cyrillic, Armenian, Hebrew.
    case 0xC3...0xD7: true
    // Kana and ideographs, Hangul.
    case 0xE3: bytes[place + 1] > 0x80
    case 0xE4...0xED: true
    default: false
    }
  }
}
