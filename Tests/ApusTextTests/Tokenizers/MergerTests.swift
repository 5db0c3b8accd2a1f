// The two mergers against the plainest one there is: look at all pairs, merge the best, begin again.

import Testing

@testable import ApusText

struct MergerTests {
  /// A rule over one-byte symbols: any two neighbours may merge, by a made-up table of ranks.
  struct RandomRule: MergeRule {
    /// The rank and result by the text of the whole; ids are places in this table.
    var ids: [[UInt8]: (id: Int32, rank: UInt32)]

    func symbol(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> (end: Int, id: Int32) {
      (start + 1, ids[[text[start]]]?.id ?? -1)
    }

    func merge(_ left: Int32, _ right: Int32, _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int)
      -> (rank: UInt32, merged: Int32)
    {
      guard let found = ids[Array(UnsafeBufferPointer(start: text + start, count: end - start))] else {
        return (MergeTable.noRank, -1)
      }
      return (found.rank, found.id)
    }
  }

  /// A table of pieces of up to six letters `a` … with ranks in no sensible order, many of them equal.
  static func rule(letters: Int, pieces: Int, ranks: UInt32, _ random: inout SplitMix) -> RandomRule {
    var ids: [[UInt8]: (id: Int32, rank: UInt32)] = [:]
    for letter in 0..<letters { ids[[UInt8(97 + letter)]] = (Int32(ids.count), MergeTable.noRank) }
    for _ in 0..<pieces {
      let length = 2 + Int(random.next() % 5)
      let piece = (0..<length).map { _ in UInt8(97 + random.next() % UInt64(letters)) }
      if ids[piece] == nil { ids[piece] = (Int32(ids.count), UInt32(random.next() % UInt64(ranks))) }
    }
    return RandomRule(ids: ids)
  }

  static func reference(_ rule: RandomRule, _ text: [UInt8]) -> [Int32] {
    var parts = text.map { [$0] }
    while true {
      var best: (rank: UInt32, index: Int)?
      for index in 0..<max(parts.count - 1, 0) {
        guard let found = rule.ids[parts[index] + parts[index + 1]] else { continue }
        if found.rank < best?.rank ?? .max { best = (found.rank, index) }
      }
      guard let best else { break }
      parts[best.index] += parts.remove(at: best.index + 1)
    }
    return parts.map { rule.ids[$0]?.id ?? -1 }
  }

  @Test(arguments: 0..<40)
  func mergersAgree(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let letters = 1 + seed % 4
    let rule = Self.rule(letters: letters, pieces: 4 + seed * 2, ranks: seed % 3 == 0 ? 3 : 1000, &random)
    var long = LongWordMerger()
    let short = ShortWordMerger()
    for _ in 0..<60 {
      let count = Int(random.next() % UInt64(ShortWordMerger.limit))
      // One letter more than the rule knows, so that some symbols are no token.
      let text = (0..<count).map { _ in UInt8(97 + random.next() % UInt64(letters + 1)) }
      let expected = Self.reference(rule, text)
      text.withUnsafeBufferPointer { bytes in
        let base = bytes.baseAddress ?? UnsafePointer(bitPattern: 1)!
        var fromShort: [Int32] = []
        short.merge(rule, base, 0, count) { id, _, _ in fromShort.append(id) }
        var fromLong: [Int32] = []
        var position = 0
        long.merge(rule, base, 0, count) { id, start, end in
          #expect(start == position)
          position = end
          fromLong.append(id)
        }
        #expect(fromShort == expected, "short, seed \(seed): \(text)")
        #expect(fromLong == expected && position == count, "long, seed \(seed): \(text)")
      }
    }
  }

  @Test func heapSorts() {
    var random = SplitMix(state: 3)
    var heap = MinHeap<UInt64>()
    var values: [UInt64] = []
    for _ in 0..<500 {
      values.append(random.next() % 100)
      heap.insert(values[values.count - 1])
    }
    var sorted: [UInt64] = []
    while let next = heap.popFirst() { sorted.append(next) }
    #expect(sorted == values.sorted())
    #expect(heap.first == nil)
  }

  @Test(arguments: 0..<20)
  func cutsAreSafe(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let rule = Self.rule(letters: 5, pieces: 12, ranks: 50, &random)
    let cuts = SafeCuts()
    for piece in rule.ids.keys { piece.withUnsafeBufferPointer { cuts.insert($0) } }
    var cutCount = 0
    for _ in 0..<50 {
      let text = (0..<40).map { _ in UInt8(97 + random.next() % 5) }
      var parts: [[UInt8]] = [[text[0]]]
      for index in 1..<text.count {
        if cuts.allows(text[index - 1], text[index]) {
          parts.append([])
          cutCount += 1
        }
        parts[parts.count - 1].append(text[index])
      }
      #expect(
        parts.flatMap { Self.reference(rule, $0) } == Self.reference(rule, text), "seed \(seed): \(text)")
    }
    #expect(cutCount > 0)
  }
}
