// What held-out preferences cost, and how many of them are told apart.

import ApusData
import ApusRuntime

/// Measures a network in training on rows of preferences, the same ones every time.
final class PreferenceExamination: Examination {
  private let objective: PreferenceObjective
  private let feed: PreferenceFeed
  private let engine: TrainingEngine
  private let references: ReferenceLogProbabilities
  private let rows: Int

  /// - Parameters:
  ///   - rows: how many of the first.
  ///   - engine: one that computes losses only.
  init(
    _ objective: PreferenceObjective, _ feed: PreferenceFeed, rows: Int, _ engine: TrainingEngine,
    _ references: ReferenceLogProbabilities
  ) {
    (self.objective, self.feed, self.rows) = (objective, feed, rows)
    (self.engine, self.references) = (engine, references)
  }

  /// The mean loss of a row; the processes of a group take a part of the rows each.
  func measure(_ group: RankGroup) throws -> EvaluationRecord {
    let sums = UnsafeMutableBufferPointer<Double>.allocate(capacity: 2 * rows)
    defer { sums.deallocate() }
    sums.initialize(repeating: 0)
    let own = RankGroup.rows(of: group.rank, size: group.size, count: rows)
    feed.logProbabilities(
      count: own.count, row: { own.lowerBound + $0 }, engine,
      into: UnsafeMutableBufferPointer(rebasing: sums[2 * own.lowerBound..<2 * own.upperBound]))
    try group.sum(sums, "an evaluation", seconds: group.patience)
    let outcome = objective.outcome(count: rows, slopes: nil) {
      references.row($0, policy: sums, at: $0)
    }
    var record = EvaluationRecord(loss: outcome.loss)
    record.figures = outcome.figures
    return record
  }
}
