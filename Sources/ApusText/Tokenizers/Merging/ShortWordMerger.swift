// Merging of a word of ordinary length: the best pair is found by looking at all of them, which for up to 96 symbols
// beats every cleverer structure. Longer words go to LongWordMerger; both give the same tokens.

/// Merges short words in scratch memory that is allocated once.
struct ShortWordMerger {
  /// The most symbols a word may have here. Looking through 96 ranks costs about as much as two steps of the
  /// structure for long words.
  static let limit = 96

  /// Symbol `i` is `starts[i] ..< starts[i + 1]` of the text; `ranks[i]` and `merged[i]` are of its pair with the next.
  private let starts = FixedArray<Int>(repeating: 0, count: limit + 1)
  private let ids = FixedArray<Int32>(repeating: 0, count: limit + 1)
  private let ranks = FixedArray<UInt32>(repeating: 0, count: limit + 1)
  private let merged = FixedArray<Int32>(repeating: 0, count: limit + 1)

  /// Calls `symbol(id, start, end)` for each token of the word `start ..< end`, in order; id −1 for what is no token.
  ///
  /// - Complexity: O(*n*²), *n* ≤ `limit`.
  @inline(__always)
  func merge(
    _ rule: some MergeRule, _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int,
    _ symbol: (Int32, Int, Int) -> Void
  ) {
    let starts = starts.base
    let ids = ids.base
    let ranks = ranks.base
    let merged = merged.base

    var count = 0
    var position = start
    while position < end {
      let next = rule.symbol(text, position, end)
      starts[count] = position
      ids[count] = next.id
      position = next.end
      count += 1
    }
    starts[count] = end
    for index in 0..<max(count - 1, 0) {
      (ranks[index], merged[index]) = rule.merge(
        ids[index], ids[index + 1], text, starts[index], starts[index + 2])
    }

    while count > 1 {
      var best = 0
      var bestRank = ranks[0]
      for index in 1..<max(count - 1, 1) where ranks[index] < bestRank {
        best = index
        bestRank = ranks[index]
      }
      if bestRank == MergeTable.noRank { break }
      ids[best] = merged[best]
      count -= 1
      for index in best + 1..<max(count, best + 1) {
        starts[index] = starts[index + 1]
        ids[index] = ids[index + 1]
        ranks[index] = ranks[index + 1]
        merged[index] = merged[index + 1]
      }
      starts[count] = end
      if best + 1 < count {
        (ranks[best], merged[best]) = rule.merge(
          ids[best], ids[best + 1], text, starts[best], starts[best + 2])
      }
      if best > 0 {
        (ranks[best - 1], merged[best - 1]) = rule.merge(
          ids[best - 1], ids[best], text, starts[best - 1], starts[best + 1])
      }
    }
    for index in 0..<count { symbol(ids[index], starts[index], starts[index + 1]) }
  }
}
