// The tokens a vocabulary begins with, before anything is learned.

import ApusText

/// The special tokens and, in the order of the characters that spell them, the 256 bytes.
struct FirstPieces {
  /// The bytes of each token; none for a special token that text could not spell.
  private(set) var pieces: [[UInt8]] = []
  /// The ids of what merges could spell. A special token such as `end` is among them: merging "e" and "nd" gives it.
  private(set) var ids: [[UInt8]: UInt32] = [:]
  /// The id of each byte.
  private(set) var idOfByte = [UInt32](repeating: 0, count: 256)

  init(specialTokens: [String]) {
    let alphabet = ByteAlphabet()
    for token in specialTokens {
      var bytes = ContiguousArray<UInt8>()
      let isText = Array(token.utf8).withUnsafeBufferPointer { alphabet.decode($0, into: &bytes) }
      if isText { ids[Array(bytes)] = UInt32(pieces.count) }
      pieces.append(Array(bytes))
    }
    for byte in alphabet.bytesInOrder {
      idOfByte[Int(byte)] = UInt32(pieces.count)
      ids[[byte]] = UInt32(pieces.count)
      pieces.append([byte])
    }
  }
}
