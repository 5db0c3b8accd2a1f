// The best few of many scores: a heap whose worst is on top, so that a score that is not among the best costs one
// comparison. Equal scores are ordered by row, so the result does not depend on who found what first.

/// A vector of an index and how well it answers a query.
public struct Match: Sendable, Hashable {
  /// The vector's number in the index.
  public var row: Int
  /// The cosine, or the sum of products.
  public var score: Float

  /// A match with the given fields.
  public init(row: Int, score: Float) {
    self.row = row
    self.score = score
  }

  /// Whether this one comes before another in a result.
  @inline(__always)
  func isBetter(than other: Match) -> Bool {
    score > other.score || (score == other.score && row < other.row)
  }
}

/// Up to `capacity` matches, the best seen so far. Keeps its memory from one search to the next.
struct TopMatches {
  private(set) var matches: [Match] = []
  private var capacity = 0

  /// Forgets all matches and makes room for `capacity`.
  mutating func reset(capacity: Int) {
    self.capacity = capacity
    matches.removeAll(keepingCapacity: true)
    matches.reserveCapacity(capacity)
  }

  /// What a score must reach to be among the best.
  var threshold: Float { matches.count < capacity ? -.infinity : matches[0].score }

  /// Takes a match if it is among the best.
  mutating func insert(_ match: Match) {
    if matches.count < capacity {
      matches.append(match)
      rise(matches.count - 1)
    } else if capacity > 0, match.isBetter(than: matches[0]) {
      matches[0] = match
      sink()
    }
  }

  /// The matches for new scores to be written to; their order means nothing after that.
  mutating func rescore(_ body: (UnsafeMutableBufferPointer<Match>) -> Void) {
    matches.withUnsafeMutableBufferPointer { body($0) }
  }

  /// All matches, the best first; none are left. Allocates the result only.
  mutating func take() -> [Match] {
    let count = matches.count
    return [Match](unsafeUninitializedCapacity: count) { result, initialized in
      for place in stride(from: count - 1, through: 0, by: -1) {
        result.initializeElement(at: place, to: matches[0])
        matches.swapAt(0, place)
        matches.removeLast()
        sink()
      }
      initialized = count
    }
  }

  private mutating func rise(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard matches[parent].isBetter(than: matches[child]) else { return }
      matches.swapAt(parent, child)
      child = parent
    }
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var worst = parent
      let (left, right) = (2 * parent + 1, 2 * parent + 2)
      if left < matches.count, matches[worst].isBetter(than: matches[left]) { worst = left }
      if right < matches.count, matches[worst].isBetter(than: matches[right]) { worst = right }
      if worst == parent { return }
      matches.swapAt(parent, worst)
      parent = worst
    }
  }
}
