// Which pair is merged next: a binary heap whose counts may be out of date. Counts change with every merge, and putting
// a candidate right when it comes to the top is cheaper than finding it in the heap each time.

/// A pair that may be merged.
struct MergeCandidate: BitwiseCopyable {
  /// The pair's count when it was last looked at.
  var count: Int64
  let pair: Pair
  /// Its number in the table of pairs.
  let record: Int
  /// Slots where the pair began, ascending within a word; at some of them it is gone by now.
  let places: UnsafeBufferPointer<UInt32>

  /// The more frequent pair goes first, among equally frequent ones that of the smaller ids.
  @inline(__always)
  func precedes(_ other: MergeCandidate) -> Bool {
    count != other.count ? count > other.count : pair.key < other.pair.key
  }
}

/// A heap of candidates.
struct MergeQueue {
  private var heap: ContiguousArray<MergeCandidate> = []

  var top: MergeCandidate? { heap.first }

  /// Adds a candidate. O(log *n*), O(1) for one of low count.
  mutating func push(_ candidate: MergeCandidate) {
    heap.append(candidate)
    var index = heap.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard candidate.precedes(heap[parent]) else { break }
      heap[index] = heap[parent]
      index = parent
    }
    heap[index] = candidate
  }

  /// Gives the top candidate another count. O(log *n*).
  mutating func recount(_ count: Int64) {
    var candidate = heap[0]
    candidate.count = count
    sift(candidate)
  }

  /// Takes the top candidate away. O(log *n*).
  mutating func removeTop() {
    let last = heap.removeLast()
    if !heap.isEmpty { sift(last) }
  }

  /// Puts a candidate where the top one was, and then in its place.
  private mutating func sift(_ candidate: MergeCandidate) {
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
      guard heap[child].precedes(candidate) else { break }
      heap[index] = heap[child]
      index = child
    }
    heap[index] = candidate
  }
}
