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
final class TopMatches {
  private(set) var count = 0
  private var capacity = 0
  private var room = 0
  /// Its elements beyond `count` mean nothing.
  private(set) var matches = UnsafeMutablePointer<Match>.allocate(capacity: 0)

  deinit { matches.deallocate() }

  /// Forgets all matches and makes room for `capacity`.
  func reset(capacity: Int) {
    count = 0
    self.capacity = capacity
    guard capacity > room else { return }
    matches.deallocate()
    matches = .allocate(capacity: capacity)
    room = capacity
  }

  /// What a score must reach to be among the best.
  var threshold: Float { count < capacity ? -.infinity : matches[0].score }

  /// Takes a match if it is among the best.
  func insert(_ match: Match) {
    if count < capacity {
      (matches + count).initialize(to: match)
      count += 1
      rise(count - 1)
    } else if capacity > 0, match.isBetter(than: matches[0]) {
      matches[0] = match
      sink()
    }
  }

  /// All matches, the best first; none are left. Allocates the result only.
  func take() -> [Match] {
    let all = count
    return [Match](unsafeUninitializedCapacity: all) { result, initialized in
      while count > 0 {
        count -= 1
        (result.baseAddress! + count).initialize(to: matches[0])
        matches[0] = matches[count]
        sink()
      }
      initialized = all
    }
  }

  private func rise(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard matches[parent].isBetter(than: matches[child]) else { return }
      swap(parent, child)
      child = parent
    }
  }

  private func sink() {
    var parent = 0
    while true {
      var worst = parent
      let (left, right) = (2 * parent + 1, 2 * parent + 2)
      if left < count, matches[worst].isBetter(than: matches[left]) { worst = left }
      if right < count, matches[worst].isBetter(than: matches[right]) { worst = right }
      if worst == parent { return }
      swap(parent, worst)
      parent = worst
    }
  }

  private func swap(_ first: Int, _ second: Int) {
    let match = matches[first]
    matches[first] = matches[second]
    matches[second] = match
  }
}
