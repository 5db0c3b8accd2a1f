// The tokens a vocabulary begins with, before anything is learned.

import ApusText

/// The special tokens and, in the order of the characters that spell them, the 256 bytes.
struct FirstPieces {
  /// The bytes of each token; none for a special token that text could not spell.
  private(set) var pieces: [[UInt8]] = []
  /// The ids of special tokens that merging could spell: merging "e" and "nd" gives a special token `end`.
  private(set) var specials: [[UInt8]: UInt32] = [:]
  /// The id of each byte.
  private(set) var idOfByte = [UInt32](repeating: 0, count: 256)

  init(specialTokens: [String]) {
    let alphabet = ByteAlphabet()
    for token in specialTokens {
      var bytes = ContiguousArray<UInt8>()
      let isText = Array(token.utf8).withUnsafeBufferPointer { alphabet.decode($0, into: &bytes) }
      if isText { specials[Array(bytes)] = UInt32(pieces.count) }
      pieces.append(Array(bytes))
    }
    for byte in alphabet.bytesInOrder {
      idOfByte[Int(byte)] = UInt32(pieces.count)
      pieces.append([byte])
    }
  }
}
