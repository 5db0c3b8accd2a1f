// Merging of a word of any length: megabytes of one character, or a language model's whole line where spaces do not
// cut. A binary heap over all pairs would be O(n log n) as well, but with a cache miss at every level; pairs of one
// rank are merged from left to right anyway, so they lie in one list per rank, and only the ranks are in a heap.

/// Merges long words. Everything it allocates is proportional to the longest word so far.
struct LongWordMerger {
  /// A symbol is known by its first byte. Of a symbol `start ... last`, `link[start]` is `last` and `link[last]` is
  /// `start`, so that both neighbours are found with one number per byte.
  private var link: [Int32] = []
  private var ids: [Int32] = []
  /// The rank of the pair of a symbol and the next one; what was listed under another rank is out of date.
  private var ranks: [UInt32] = []
  private var merged: [Int32] = []

  /// The lists of pairs, the list of each rank that has one, and the ranks that have one, lowest first.
  private var lists: [[Int32]] = []
  private var freeLists: [Int] = []
  private var listOfRank: [UInt32: Int] = [:]
  /// The list asked for last, as long as it has its rank: repetition asks for the same one again and again.
  private var last = (rank: MergeTable.noRank, list: 0)
  private var waitingRanks = MinHeap<UInt32>()
  /// Pairs that come before the rest of the list at hand, as rank · 2³² + position.
  private var urgent = MinHeap<UInt64>()

  /// Calls `symbol(id, start, end)` for each token of the word `start ..< end`, in order; id −1 for what is no token.
  ///
  /// The word must be shorter than 2³¹ bytes.
  ///
  /// - Complexity: O(*n* log *n*).
  mutating func merge(
    _ rule: some MergeRule, _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int,
    _ symbol: (Int32, Int, Int) -> Void
  ) {
    prepare(rule, text + start, end - start)
    while let rank = waitingRanks.popFirst() {
      let list = listOfRank.removeValue(forKey: rank)!
      last.rank = MergeTable.noRank
      var positions: [Int32] = []
      swap(&positions, &lists[list])
      if !isAscending(positions) { positions.sort() }
      for position in positions {
        while let next = urgent.first, next < UInt64(rank) << 32 | UInt64(position) {
          _ = urgent.popFirst()
          join(rule, text + start, end - start, Int(next & 0xFFFF_FFFF), UInt32(next >> 32), rank)
        }
        join(rule, text + start, end - start, Int(position), rank, rank)
      }
      while let next = urgent.popFirst() {
        join(rule, text + start, end - start, Int(next & 0xFFFF_FFFF), UInt32(next >> 32), rank)
      }
      positions.removeAll(keepingCapacity: positions.count < 1024)
      swap(&positions, &lists[list])
      freeLists.append(list)
    }

    var position = 0
    while position < end - start {
      let next = Int(link[position]) + 1
      symbol(ids[position], start + position, start + next)
      position = next
    }
  }

  /// Sets up the symbols of the word and lists their pairs.
  private mutating func prepare(_ rule: some MergeRule, _ text: UnsafePointer<UInt8>, _ count: Int) {
    if link.count < count {
      link = Array(repeating: 0, count: count)
      ids = Array(repeating: -1, count: count)
      ranks = Array(repeating: MergeTable.noRank, count: count)
      merged = Array(repeating: -1, count: count)
    }
    var position = 0
    while position < count {
      let next = rule.symbol(text, position, count)
      ids[position] = next.id
      link[position] = Int32(truncatingIfNeeded: next.end - 1)
      link[next.end - 1] = Int32(truncatingIfNeeded: position)
      ranks[position] = MergeTable.noRank
      position = next.end
    }
    position = 0
    while position < count {
      if let rank = updatePair(rule, text, count, position) {
        lists[list(of: rank)].append(Int32(truncatingIfNeeded: position))
      }
      position = Int(link[position]) + 1
    }
  }

  /// Looks up the pair of the symbol at `position` and the next one; `nil` when they do not merge.
  @inline(__always)
  private mutating func updatePair(
    _ rule: some MergeRule, _ text: UnsafePointer<UInt8>, _ count: Int, _ position: Int
  ) -> UInt32? {
    let next = Int(link[position]) + 1
    guard next < count else {
      ranks[position] = MergeTable.noRank
      return nil
    }
    let pair = rule.merge(ids[position], ids[next], text, position, Int(link[next]) + 1)
    ranks[position] = pair.rank
    merged[position] = pair.merged
    return pair.rank == MergeTable.noRank ? nil : pair.rank
  }

  /// Merges the symbol at `position` with the next one unless the pair is out of date.
  @inline(__always)
  private mutating func join(
    _ rule: some MergeRule, _ text: UnsafePointer<UInt8>, _ count: Int, _ position: Int, _ rank: UInt32,
    _ current: UInt32
  ) {
    guard ranks[position] == rank else { return }
    let next = Int(link[position]) + 1
    let last = Int(link[next])
    ids[position] = merged[position]
    ranks[next] = MergeTable.noRank
    link[position] = Int32(truncatingIfNeeded: last)
    link[last] = Int32(truncatingIfNeeded: position)
    if position > 0 { enlist(rule, text, count, Int(link[position - 1]), current) }
    enlist(rule, text, count, position, current)
  }

  /// Lists the new pair at `position`: in the list of its rank, or at once when that rank is not above `current`.
  @inline(__always)
  private mutating func enlist(
    _ rule: some MergeRule, _ text: UnsafePointer<UInt8>, _ count: Int, _ position: Int, _ current: UInt32
  ) {
    guard let rank = updatePair(rule, text, count, position) else { return }
    if rank <= current {
      urgent.insert(UInt64(rank) << 32 | UInt64(position))
    } else {
      lists[list(of: rank)].append(Int32(truncatingIfNeeded: position))
    }
  }

  @inline(__always)
  private mutating func list(of rank: UInt32) -> Int {
    if last.rank != rank { last = (rank, findList(of: rank)) }
    return last.list
  }

  private mutating func findList(of rank: UInt32) -> Int {
    if let list = listOfRank[rank] { return list }
    let list: Int
    if let free = freeLists.popLast() {
      list = free
    } else {
      list = lists.count
      lists.append([])
    }
    listOfRank[rank] = list
    waitingRanks.insert(rank)
    return list
  }

  private func isAscending(_ positions: [Int32]) -> Bool {
    for index in 1..<max(positions.count, 1) where positions[index] < positions[index - 1] { return false }
    return true
  }
}

/// A binary heap with its least element first.
struct MinHeap<Element: Comparable> {
  private var elements: [Element] = []

  var first: Element? { elements.first }

  /// - Complexity: O(log *n*).
  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0, elements[child] < elements[(child - 1) / 2] {
      elements.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// - Complexity: O(log *n*).
  mutating func popFirst() -> Element? {
    guard let last = elements.popLast() else { return nil }
    guard let first = elements.first else { return last }
    elements[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < elements.count else { return first }
      if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
      guard elements[child] < elements[parent] else { return first }
      elements.swapAt(parent, child)
      parent = child
    }
  }
}
