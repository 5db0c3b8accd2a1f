// How often every pair of neighbouring symbols occurs. Records are only ever added, so their numbers stay; a hash table
// of numbers finds them.

import ApusText

/// Two neighbouring symbols by their ids.
struct Pair: Equatable, BitwiseCopyable {
  /// The left id above the right one, so that keys are ordered as pairs are.
  let key: UInt64

  @inline(__always)
  init(_ left: UInt32, _ right: UInt32) { key = UInt64(left) << 32 | UInt64(right) }

  var left: UInt32 { UInt32(truncatingIfNeeded: key >> 32) }
  var right: UInt32 { UInt32(truncatingIfNeeded: key) }
}

/// The pairs seen so far.
struct PairTable {
  struct Record: BitwiseCopyable {
    let pair: Pair
    /// Occurrences in all words, each as often as the word occurs.
    var count: Int64
    /// Candidates in the queue that have this pair.
    var candidates: Int32 = 0
    /// Scratch of the merge at hand: new places of the pair, then where the next one is written.
    var places: UInt32 = 0
  }

  /// The records in the order in which they came.
  var records: ContiguousArray<Record> = []
  /// Numbers of records plus one; 0 for a free slot. At most half of the slots are taken.
  private var slots = ContiguousArray<UInt32>(repeating: 0, count: 1 << 12)

  /// The record of a pair, a new one with count 0 where there is none. O(1) on average.
  mutating func record(of pair: Pair) -> Int {
    let mask = slots.count - 1
    var index = Int(truncatingIfNeeded: integerHash(pair.key)) & mask
    while slots[index] != 0 {
      let number = Int(slots[index]) - 1
      if records[number].pair == pair { return number }
      index = (index + 1) & mask
    }
    records.append(Record(pair: pair, count: 0))
    slots[index] = UInt32(records.count)
    if records.count * 2 > slots.count { grow() }
    return records.count - 1
  }

  private mutating func grow() {
    slots = ContiguousArray(repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for (number, record) in records.enumerated() {
      var index = Int(truncatingIfNeeded: integerHash(record.pair.key)) & mask
      while slots[index] != 0 { index = (index + 1) & mask }
      slots[index] = UInt32(number) + 1
    }
  }
}
