// Problems one after the other, for a data set: levels in turn, one side of the split, none twice.

import ApusRuntime

/// The problems of a seed in order, without repetitions.
///
/// Number n of a level is skipped when its question was asked before in this stream. Memory grows by 16 bytes a problem
/// and 8 more for every new form.
public struct ProblemStream: Sequence, IteratorProtocol {
  /// What a stream has given of a level.
  public struct Count: Equatable, Sendable {
    /// Problems given.
    public var problems = 0
    /// Different forms among them: other numbers or another structure.
    public var forms = 0
    /// Repeated questions that were skipped.
    public var skipped = 0
  }

  /// How often a level may repeat itself before it counts as used up.
  private static let patience = 10_000

  /// Problems given, per level.
  public private(set) var counts: [Int: Count] = [:]

  private let generator: ProblemGenerator
  private let split: ProblemSplit?
  private var levels: [Int]
  private var numbers: [Int: Int] = [:]
  private var turn = 0
  private var questions: Set<UInt64> = []
  private var forms: Set<UInt64> = []

  /// A stream from number 0 of every level.
  ///
  /// - Parameter levels: taken in turn.
  public init(_ generator: ProblemGenerator, levels: ClosedRange<Int>, split: ProblemSplit? = nil) {
    precondition(levels.clamped(to: ProblemGenerator.levels) == levels, "levels \(levels) are not in 1...5")
    self.generator = generator
    self.split = split
    self.levels = Array(levels)
  }

  /// The next problem; nil when no level has new ones.
  public mutating func next() -> Problem? {
    while !levels.isEmpty {
      let level = levels[turn % levels.count]
      for _ in 0..<Self.patience {
        let number = numbers[level, default: 0]
        numbers[level] = number + 1
        let problem = generator.problem(number, level: level, split: split)
        guard questions.insert(Philox.key(for: problem.question)).inserted else {
          counts[level, default: Count()].skipped += 1
          continue
        }
        counts[level, default: Count()].problems += 1
        if forms.insert(Philox.key(for: problem.form)).inserted { counts[level, default: Count()].forms += 1 }
        turn += 1
        return problem
      }
      levels.removeAll { $0 == level }
    }
    return nil
  }
}
