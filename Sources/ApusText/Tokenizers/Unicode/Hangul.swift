// Syllables of Hangul, which Unicode decomposes by arithmetic (Unicode Standard, section 3.12).

/// The arithmetic of Hangul.
enum Hangul {
  /// Calls `body` with the two or three letters of a syllable; false for what is none.
  static func decompose(_ scalar: UInt32, _ body: (UInt32) -> Void) -> Bool {
    guard 0xAC00...0xD7A3 ~= scalar else { return false }
    let index = scalar - 0xAC00
    body(0x1100 + index / 588)
    body(0x1161 + index % 588 / 28)
    if index % 28 > 0 { body(0x11A7 + index % 28) }
    return true
  }
}
