// The different words as sequences of symbols that merges shorten, in one array with a slot for each byte.
//
// A symbol of n bytes owns n slots and writes its id into the first and the last, so that the symbols on both sides of
// it are found without links: the next one begins behind it, the previous one ends before it. Words stand between
// separators, which hold how often the word occurs.

import ApusRuntime
import ApusText

/// The words to learn from.
struct WordSymbols: ~Copyable {
  /// The slots. Ids lie below `separator`; slots inside of a symbol hold nothing of meaning.
  let slots: UnsafeMutablePointer<UInt32>
  /// How many slots there are; the first and the last are separators.
  let count: Int
  private let memory: HugeBuffer

  /// The bit that marks a separator. The other bits are the word's count or, from `longStart` on, its place in `long`.
  static let separator: UInt32 = 1 << 31
  /// Written where a symbol begins no more.
  static let dead: UInt32 = separator - 1

  /// Slots are numbered in 32 bits, and a merge can have two places for each of them.
  private static let most = 1 << 31
  /// Words of more bytes, whose end is not looked for slot by slot, and those with too large a count stand last.
  private static let longestShort = 64
  private let longStart: Int
  /// Where the long words end, ascending, and how often they occur.
  private let longEnds: [UInt32]
  private let longCounts: [Int64]

  /// How many words the text has, and how many different ones.
  let wordCount: Int
  let distinctWords: Int
  /// The bytes of all words of the text.
  let total: Int

  /// Takes over the words of `tables`, each byte as the symbol `ids` has for it.
  init(_ tables: WordCounter.Tables, ids: [UInt32]) throws(BPETrainingError) {
    var (size, total) = (1, 0)
    for index in 0..<tables.count {
      size += tables.base[index].distinctBytes + tables.base[index].count
      tables.base[index].forEach { total += $1 * Int($2) }
    }
    guard size <= Self.most else { throw .tooManyWords(bytes: size, limit: Self.most) }
    do {
      memory = try HugeBuffer(byteCount: 4 * size, purpose: "")
    } catch {
      throw .outOfMemory(bytes: 4 * size, purpose: "the words to learn from")
    }
    let slots = memory.base.bindMemory(to: UInt32.self, capacity: size)
    var position = 1
    slots[0] = Self.separator
    func write(_ word: UnsafePointer<UInt8>, _ length: Int, end: UInt32) {
      for index in 0..<length { slots[position + index] = ids[Int(word[index])] }
      slots[position + length] = Self.separator | end
      position += length + 1
    }
    func isShort(_ length: Int, _ count: Int64) -> Bool {
      length <= Self.longestShort && count < Int64(Self.separator)
    }
    for index in 0..<tables.count {
      tables.base[index].forEach { word, length, count in
        if isShort(length, count) { write(word, length, end: UInt32(count)) }
      }
    }
    let longStart = position
    var longEnds: [UInt32] = []
    var longCounts: [Int64] = []
    for index in 0..<tables.count {
      tables.base[index].forEach { word, length, count in
        if isShort(length, count) { return }
        write(word, length, end: UInt32(longEnds.count))
        longEnds.append(UInt32(position - 1))
        longCounts.append(count)
      }
    }
    self.slots = slots
    self.longStart = longStart
    self.longEnds = longEnds
    self.longCounts = longCounts
    self.total = total
    (wordCount, distinctWords) = tables.totals
    count = position
  }

  /// How often the word occurs that ends with the separator at `position`.
  @inline(__always)
  func wordCount(ending position: Int) -> Int64 {
    let value = slots[position] & ~Self.separator
    return position < longStart ? Int64(value) : longCounts[Int(value)]
  }

  /// How often the word occurs that has a symbol at `position`. O(1), O(log *long words*) in long ones.
  @inline(__always)
  func wordCount(around position: Int) -> Int64 {
    if position >= longStart { return longCount(position) }
    var end = position
    while slots[end] < Self.separator { end += 1 }
    return Int64(slots[end] & ~Self.separator)
  }

  private func longCount(_ position: Int) -> Int64 {
    var (low, high) = (0, longEnds.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if Int(longEnds[middle]) < position { low = middle + 1 } else { high = middle }
    }
    return longCounts[low]
  }
}
