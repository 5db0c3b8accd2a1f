// What a reward has put up with, until somebody asks: a few lines, for a step may have hundreds of answers.

/// Notes that wait to be told.
struct RewardNotes {
  private var lines: [String] = []
  private static let most = 5

  /// Keeps a line, unless there are many already.
  mutating func add(_ line: String) {
    if lines.count < Self.most { lines.append(line) }
  }

  /// The lines since this was last asked.
  mutating func take() -> [String] {
    defer { lines = [] }
    return lines
  }
}
