// From a pair of token ids to the merge they make: an open-addressing table of (pair, rank, merged id).

/// The merges of a byte-pair tokenizer.
struct MergeTable: Sendable {
  /// One merge: the two ids, its rank (a lower one goes first), and the id that replaces them.
  struct Entry: BitwiseCopyable {
    var pair: UInt64
    var rank: UInt32
    var merged: Int32
  }

  /// Said of a pair that does not merge.
  static let noRank = UInt32.max
  private static let empty = Entry(pair: .max, rank: noRank, merged: -1)

  private let slots: FixedArray<Entry>
  private let mask: Int

  /// A table ready for `count` insertions.
  init(count: Int) {
    var capacity = 16
    while capacity * 2 < count * 3 { capacity *= 2 }
    slots = FixedArray(repeating: Self.empty, count: capacity)
    mask = capacity - 1
  }

  @inline(__always)
  private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Adds a merge unless the pair already has one, which then has the lower rank.
  func insert(_ left: Int32, _ right: Int32, rank: UInt32, merged: Int32) {
    let pair = Self.pair(left, right)
    var slot = Int(truncatingIfNeeded: integerHash(pair)) & mask
    while slots[slot].pair != .max {
      if slots[slot].pair == pair { return }
      slot = (slot + 1) & mask
    }
    slots[slot] = Entry(pair: pair, rank: rank, merged: merged)
  }

  /// The rank and the id of the merge of two ids; rank `noRank` when there is none. An id of −1 merges with nothing.
  @inline(__always)
  func merge(_ left: Int32, _ right: Int32) -> (rank: UInt32, merged: Int32) {
    let pair = Self.pair(left, right)
    if pair == .max { return (Self.noRank, -1) }
    var slot = Int(truncatingIfNeeded: integerHash(pair)) & mask
    while true {
      let entry = slots.base[slot]
      if entry.pair == pair { return (entry.rank, entry.merged) }
      if entry.pair == .max { return (Self.noRank, -1) }
      slot = (slot + 1) & mask
    }
  }
}
