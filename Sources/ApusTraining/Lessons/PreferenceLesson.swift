// Learning from preferences: how probable are the answers of the rows, which loss follows from that, and what each token
// then counts.

import ApusData
import ApusRuntime

/// The lesson of objectives reward, dpo, ipo, kto and simpo. A reward model's answers have scores in place of log p.
///
/// A step is learned in two passes over the same micro-batches. The first computes the log p of all answers; the loss is a
/// function of these, and its derivatives are what the tokens' own losses, −log p, count in the second pass. So the gradient
/// is exact for any such function.
final class PreferenceLesson: Lesson {
  private let plan: PreferencePlan
  private let objective: PreferenceObjective
  private let feed: PreferenceFeed
  /// Computes losses only, of the weights that learn.
  private let forward: TrainingEngine
  private let references: ReferenceLogProbabilities
  private let group: RankGroup
  /// Of the step's rows, all processes': log p and what they count.
  private let sums: UnsafeMutableBufferPointer<Double>
  private let slopes: UnsafeMutableBufferPointer<Double>
  private var cursor = 0
  private(set) var stepRows = 0
  /// This process's rows of the step.
  private var own = 0..<0
  private var outcome = PreferenceObjective.Outcome()

  /// - Parameter sequences: the most rows of a step.
  init(
    _ plan: PreferencePlan, _ objective: PreferenceObjective, _ feed: PreferenceFeed, sequences: Int,
    _ forward: TrainingEngine, _ references: ReferenceLogProbabilities, _ group: RankGroup
  ) {
    (self.plan, self.objective, self.feed) = (plan, objective, feed)
    (self.forward, self.references, self.group) = (forward, references, group)
    sums = .allocate(capacity: 2 * sequences)
    slopes = .allocate(capacity: 2 * sequences)
    slopes.initialize(repeating: 0)
    sums.initialize(repeating: 0)
  }

  deinit {
    sums.deallocate()
    slopes.deallocate()
  }

  var microBatches: Int { (own.count + feed.micro - 1) / feed.micro }
  var weight: Double { Double(own.count) }
  var figures: [Figure] { outcome.figures }
  var facts: [RunStart.Fact] { references.facts }

  func begin(step: Int, cursor: Int, rows: Int) {
    self.cursor = cursor
    stepRows = rows
    own = RankGroup.rows(of: group.rank, size: group.size, count: rows)
  }

  func prepare(update: Int) throws {
    let all = UnsafeMutableBufferPointer(rebasing: sums[..<(2 * stepRows)])
    all.update(repeating: 0)
    if !own.isEmpty {
      feed.logProbabilities(
        count: own.count, row: { row(own.lowerBound + $0) }, forward,
        into: UnsafeMutableBufferPointer(rebasing: all[2 * own.lowerBound..<2 * own.upperBound]))
    }
    // Each number is one process's and nothing the others', so all have the same bits.
    try group.sum(all, "the log-probabilities of a step")
    outcome = objective.outcome(count: stepRows, slopes: slopes) { index in
      references.row(row(index), policy: all, at: index)
    }
  }

  /// Sums of log p of the step's answers, two for a row.
  var logProbabilities: Slice<UnsafeMutableBufferPointer<Double>> { sums[..<(2 * stepRows)] }

  /// The data set's row at a place in the step.
  private func row(_ place: Int) -> Int { plan.row(at: cursor + place) }

  func add(_ microBatch: Int, to engine: TrainingEngine, total: Double) {
    let first = own.lowerBound + microBatch * feed.micro
    for place in first..<min(first + feed.micro, own.upperBound) {
      for index in 0...1 where index == 0 || plan.dataset.kind == .pairs {
        feed.add(
          index, ofRow: row(place), slope: Float(slopes[2 * place + index] / total), to: engine)
      }
    }
  }

  /// A sum of tokens' losses with such weights tells nobody anything, but whether it is a number.
  func loss(_ outcome: StepOutcome) -> Double { outcome.loss.isFinite ? self.outcome.loss : outcome.loss }
}
