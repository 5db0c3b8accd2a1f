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

/// Up to `capacity` matches, the best seen so far.
struct TopMatches {
  private(set) var matches: [Match] = []
  private let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    matches.reserveCapacity(capacity)
  }

  /// What a score must reach to be among the best.
  var threshold: Float { matches.count < capacity ? -.infinity : matches[0].score }

  mutating func removeAll() { matches.removeAll(keepingCapacity: true) }

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

  /// The best first.
  func sorted() -> [Match] { matches.sorted { $0.isBetter(than: $1) } }

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
      for child in [2 * parent + 1, 2 * parent + 2] where child < matches.count {
        if matches[worst].isBetter(than: matches[child]) { worst = child }
      }
      if worst == parent { return }
      matches.swapAt(parent, worst)
      parent = worst
    }
  }
}
