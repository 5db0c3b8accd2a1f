// Where a text may be cut so that the tokens of the pieces are those of the whole.

/// Places between words for every splitter of words.
enum SafeCut {
  /// Whether a text may be cut behind the line feed at `newline`: when it is the only white space there. Splitters take a
  /// single line end as a word of its own, or as the end of the punctuation before it, and begin anew behind it.
  ///
  /// Three bytes must follow the line feed.
  static func isSafe(behind newline: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
    var before = newline - 1
    while before > 0, newline - before < 4, bytes[before] & 0xC0 == 0x80 { before -= 1 }
    return before >= 0 && !mayBeSpace(before, in: bytes) && !mayBeSpace(newline + 1, in: bytes)
  }

  /// Whether a character that begins at `place` may be white space or a control character. Says yes for a few blocks that
  /// hold some: there are places enough.
  private static func mayBeSpace(_ place: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
    switch bytes[place] {
    case 0x21...0x7E: false
    // Latin letters with accents, Greek, Cyrillic, … up to U+07FF.
    case 0xC3...0xDF: false
    // U+3000 is the ideographic space; other brackets, kana and ideographs follow.
    case 0xE3: bytes[place + 1] == 0x80 && bytes[place + 2] == 0x80
    case 0xE4...0xED: false
    default: true
    }
  }
}
