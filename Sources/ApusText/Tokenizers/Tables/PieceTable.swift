// From bytes to token id: an open-addressing table over pieces that lie in one flat buffer. It holds only ids and
// parts of hashes; the bytes stay where they are.

/// A map from the bytes of a piece to its id, for pieces in one buffer with offsets.
struct PieceTable: Sendable {
  /// The bytes of all pieces, one after the other, and where each starts (one more entry than pieces).
  let bytes: FixedArray<UInt8>
  let offsets: FixedArray<UInt32>
  /// Per slot: upper half of the hash above, id + 1 below; 0 is an empty slot.
  private let slots: FixedArray<UInt64>
  private let mask: Int
  /// How many pieces had the bytes of an earlier one. The first keeps them.
  private(set) var duplicates = 0

  /// An empty table over `offsets.count - 1` pieces, ready for that many insertions.
  init(bytes: FixedArray<UInt8>, offsets: FixedArray<UInt32>) {
    self.bytes = bytes
    self.offsets = offsets
    var capacity = 16
    while capacity < offsets.count * 2 { capacity *= 2 }
    slots = FixedArray(repeating: 0, count: capacity)
    mask = capacity - 1
  }

  /// Adds piece `id` unless a piece with the same bytes is there. An empty piece is never added.
  mutating func insert(_ id: Int, countDuplicate: Bool = true) {
    let start = Int(offsets[id])
    let count = Int(offsets[id + 1]) - start
    guard count > 0 else { return }
    let key = bytes.base + start
    let hash = byteHash(key, count)
    let tag = hash & 0xffff_ffff_0000_0000
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      if slots[slot] & 0xffff_ffff_0000_0000 == tag, matches(slots[slot], key, count) {
        if countDuplicate { duplicates += 1 }
        return
      }
      slot = (slot + 1) & mask
    }
    slots[slot] = tag | UInt64(id + 1)
  }

  /// The id of the piece with these bytes, or −1.
  ///
  /// - Complexity: O(*count*) expected.
  @inline(__always)
  func id(_ key: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    id(key, count, hash: byteHash(key, count))
  }

  /// The same, for a caller who has the hash.
  @inline(__always)
  func id(_ key: UnsafePointer<UInt8>, _ count: Int, hash: UInt64) -> Int32 {
    let tag = hash & 0xffff_ffff_0000_0000
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      let entry = slots.base[slot]
      if entry == 0 { return -1 }
      if entry & 0xffff_ffff_0000_0000 == tag, matches(entry, key, count) {
        return Int32(truncatingIfNeeded: entry & 0xffff_ffff) - 1
      }
      slot = (slot + 1) & mask
    }
  }

  @inline(__always)
  private func matches(_ entry: UInt64, _ key: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let id = Int(entry & 0xffff_ffff) - 1
    let start = Int(offsets.base[id])
    return Int(offsets.base[id + 1]) - start == count && bytesEqual(bytes.base + start, key, count)
  }
}
