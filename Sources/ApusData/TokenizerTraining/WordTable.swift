// The different words of a text and how often each occurs: a hash table that is probed linearly over words kept in one
// stretch of memory. It meets every word of the corpus, so it knows neither strings nor arrays.

import ApusRuntime
import ApusText

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Counts of byte strings.
struct WordTable: ~Copyable {
  /// A place of the table; empty where `count` is 0.
  private struct Slot: BitwiseCopyable {
    /// Where the word's record begins in `words` (40 bits), and the upper 24 bits of its hash.
    var place: UInt64
    var count: Int64

    static let placeBits: UInt64 = 40
    var offset: Int { Int(place & (1 << Self.placeBits - 1)) }
    var tag: UInt64 { place >> Self.placeBits }
  }

  private var memory: HugeBuffer
  private var slots: UnsafeMutablePointer<Slot>
  private var mask: Int
  /// Records: the length of a word in four bytes, then its bytes.
  private var words: UnsafeMutableRawPointer
  private var wordBytes = 0
  private var capacity: Int

  /// How many different words there are.
  private(set) var count = 0
  /// How many words were added.
  private(set) var total: Int64 = 0
  /// How many bytes the different words have.
  var distinctBytes: Int { wordBytes - 4 * count }
  /// Set once memory ran out or a word was too long to record; from then on nothing is added.
  private(set) var failure: BPETrainingError?

  private static let firstSlots = 1 << 12
  private static let firstBytes = 1 << 16
  /// The longest word, far more than any memory for its pieces.
  private static let longestWord = Int(UInt32.max)

  init() throws(BPETrainingError) {
    let memory = try Self.emptySlots(Self.firstSlots)
    guard let words = malloc(Self.firstBytes) else {
      throw .outOfMemory(bytes: Self.firstBytes, purpose: "the words of the text")
    }
    slots = memory.base.bindMemory(to: Slot.self, capacity: Self.firstSlots)
    mask = Self.firstSlots - 1
    self.memory = memory
    self.words = words
    capacity = Self.firstBytes
  }

  deinit { free(words) }

  private static func emptySlots(_ count: Int) throws(BPETrainingError) -> HugeBuffer {
    let bytes = count * MemoryLayout<Slot>.stride
    do {
      return try HugeBuffer(byteCount: bytes, purpose: "")
    } catch {
      throw .outOfMemory(bytes: bytes, purpose: "the table of words")
    }
  }

  /// Counts a word `times` more. O(length) on average.
  @inline(__always)
  mutating func add(_ word: UnsafePointer<UInt8>, _ length: Int, times: Int64 = 1) {
    let hash = byteHash(word, length)
    let tag = hash >> Slot.placeBits
    var index = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = slots[index]
      if slot.count == 0 { return insert(word, length, hash, times) }
      if slot.tag == tag {
        let record = words + slot.offset
        if Int(record.loadUnaligned(as: UInt32.self)) == length,
          bytesEqual(UnsafePointer((record + 4).assumingMemoryBound(to: UInt8.self)), word, length)
        {
          slots[index].count &+= times
          total &+= times
          return
        }
      }
      index = (index + 1) & mask
    }
  }

  /// Calls `body` with every word and its count, in an order that depends on the words alone and how they came.
  func forEach(_ body: (UnsafePointer<UInt8>, _ length: Int, _ count: Int64) -> Void) {
    forEach(part: 0, of: 1, body)
  }

  /// Calls `body` with those words that fall into part `part` of `parts` by their hash.
  func forEach(
    part: Int, of parts: Int, _ body: (UnsafePointer<UInt8>, _ length: Int, _ count: Int64) -> Void
  ) {
    for index in 0...mask {
      let slot = slots[index]
      guard slot.count > 0, Int(slot.tag) * parts >> 24 == part else { continue }
      let record = words + slot.offset
      body(
        UnsafePointer((record + 4).assumingMemoryBound(to: UInt8.self)),
        Int(record.loadUnaligned(as: UInt32.self)), slot.count)
    }
  }

  private mutating func insert(_ word: UnsafePointer<UInt8>, _ length: Int, _ hash: UInt64, _ times: Int64) {
    guard failure == nil else { return }
    guard length <= Self.longestWord else {
      failure = .tooManyWords(bytes: length, limit: Self.longestWord)
      return
    }
    guard reserve(wordBytes + 4 + length), (count + 1) * 2 <= mask || grow() else { return }
    let record = words + wordBytes
    let tag = hash >> Slot.placeBits
    record.storeBytes(of: UInt32(length), as: UInt32.self)
    (record + 4).copyMemory(from: word, byteCount: length)
    place(Slot(place: UInt64(wordBytes) | tag << Slot.placeBits, count: times), hash)
    wordBytes += 4 + length
    count += 1
    total &+= times
  }

  private func place(_ slot: Slot, _ hash: UInt64) {
    var index = Int(truncatingIfNeeded: hash) & mask
    while slots[index].count != 0 { index = (index + 1) & mask }
    slots[index] = slot
  }

  private mutating func reserve(_ bytes: Int) -> Bool {
    if bytes <= capacity { return true }
    guard bytes < 1 << Slot.placeBits else {
      failure = .tooManyWords(bytes: bytes, limit: 1 << Slot.placeBits)
      return false
    }
    let wanted = max(bytes, capacity * 2)
    guard let moved = realloc(words, wanted) else {
      failure = .outOfMemory(bytes: wanted, purpose: "the words of the text")
      return false
    }
    words = moved
    capacity = wanted
    return true
  }

  /// Twice as many places, so that at most half of them are taken.
  private mutating func grow() -> Bool {
    let newCount = 2 * (mask + 1)
    var old: HugeBuffer
    do {
      old = try Self.emptySlots(newCount)
    } catch {
      failure = error
      return false
    }
    swap(&old, &memory)
    let oldSlots = slots
    slots = memory.base.bindMemory(to: Slot.self, capacity: newCount)
    let oldMask = mask
    mask = newCount - 1
    for index in 0...oldMask where oldSlots[index].count > 0 {
      let record = words + oldSlots[index].offset
      place(
        oldSlots[index],
        byteHash(
          UnsafePointer((record + 4).assumingMemoryBound(to: UInt8.self)),
          Int(record.loadUnaligned(as: UInt32.self))))
    }
    // Not before the old places were read.
    _ = consume old
    return true
  }
}
