// Where a long word may be cut without changing its tokens: between two characters that no piece has side by side,
// no merge can ever reach across. So SentencePiece's text, which is one word to its merging, falls into ordinary words
// again (a cut before nearly every space), and the word cache works.

/// The places no piece reaches across.
struct SafeCuts: Sendable {
  /// A bit per pair of bytes: the last of a character and the first of the next, in some piece.
  private let joined = FixedArray<UInt64>(repeating: 0, count: 65536 / 64)

  /// Notes the pairs within a piece.
  func insert(_ piece: UnsafeBufferPointer<UInt8>) {
    for index in 1..<max(piece.count, 1) {
      let pair = Int(piece[index - 1]) << 8 | Int(piece[index])
      joined[pair >> 6] |= 1 << UInt64(pair & 63)
    }
  }

  /// Whether the text may be cut between `before` and `after`. Never within a character.
  @inline(__always)
  func allows(_ before: UInt8, _ after: UInt8) -> Bool {
    let pair = Int(before) << 8 | Int(after)
    return joined.base[pair >> 6] >> UInt64(pair & 63) & 1 == 0 && after & 0xC0 != 0x80
  }
}
