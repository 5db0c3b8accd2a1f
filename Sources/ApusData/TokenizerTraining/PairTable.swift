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

/// The pairs that may still be merged. Each is added once.
struct PairTable {
  private struct Record: BitwiseCopyable {
    let pair: Pair
    var count: Int64
  }

  private var records: ContiguousArray<Record> = []
  /// Numbers of records plus one; 0 for a free slot. At most half of the slots are taken.
  private var slots = ContiguousArray<UInt32>(repeating: 0, count: 1 << 12)

  /// How often the pair of a record occurs, each place as often as its word.
  @inline(__always)
  func count(_ record: Int) -> Int64 { records[record].count }

  /// A record for a new pair. O(1) on average.
  mutating func add(_ pair: Pair, count: Int64) -> Int {
    records.append(Record(pair: pair, count: count))
    if records.count * 2 > slots.count {
      slots = ContiguousArray(repeating: 0, count: slots.count * 2)
      for number in records.indices { enter(number) }
    } else {
      enter(records.count - 1)
    }
    return records.count - 1
  }

  /// Takes `count` off a pair's count, if the pair is there. O(1) on average.
  mutating func subtract(_ count: Int64, from pair: Pair) {
    var index = firstSlot(pair)
    while slots[index] != 0 {
      let number = Int(slots[index]) - 1
      if records[number].pair == pair {
        records[number].count -= count
        return
      }
      index = (index + 1) & (slots.count - 1)
    }
  }

  private mutating func enter(_ number: Int) {
    var index = firstSlot(records[number].pair)
    while slots[index] != 0 { index = (index + 1) & (slots.count - 1) }
    slots[index] = UInt32(number) + 1
  }

  @inline(__always)
  private func firstSlot(_ pair: Pair) -> Int {
    Int(truncatingIfNeeded: integerHash(pair.key)) & (slots.count - 1)
  }
}
