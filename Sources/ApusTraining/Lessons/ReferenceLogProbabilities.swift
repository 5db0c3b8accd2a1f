// What the model that does not learn makes of the answers: computed once, kept in memory, the same at every epoch.

import ApusBasics
import ApusData
import ApusModels
import ApusRuntime

/// Sums of log p of all sequences of a data set under the reference.
struct ReferenceLogProbabilities {
  /// Two for a row; empty for objectives without a reference.
  let sums: [Double]
  /// What it took, for the records of the run.
  let facts: [RunStart.Fact]
  private let dataset: PreferenceDataset

  /// Known ones.
  init(_ dataset: PreferenceDataset, sums: [Double], facts: [RunStart.Fact] = []) {
    (self.dataset, self.sums, self.facts) = (dataset, sums, facts)
  }

  /// Computes them for the first `rows` rows, on every process of a group for itself.
  ///
  /// The reference is a model of its own, or the run's with the weights that it begins with, which it still has when it goes on
  /// from a checkpoint and has not read that yet.
  ///
  /// - Parameter own: computes losses of the run's model.
  /// - Throws: what opening the model throws, `TrainingError.vocabulary`, `.context`.
  init(
    _ dataset: PreferenceDataset, rows: Int, _ feed: PreferenceFeed, _ own: TrainingEngine, _ run: LessonRun
  ) throws {
    guard run.configuration.objective.hasReference else {
      self.init(dataset, sums: [])
      return
    }
    let path = run.configuration.reference.from
    let engine = try path.map { try Self.engine($0, dataset, run) } ?? own
    let start = MonotonicClock.nanoseconds
    let sums = [Double](unsafeUninitializedCapacity: 2 * rows) { buffer, count in
      feed.logProbabilities(
        count: rows, row: { $0 }, engine, into: UnsafeMutableBufferPointer(rebasing: buffer[..<(2 * rows)]))
      count = 2 * rows
    }
    let seconds = Double(MonotonicClock.nanoseconds - start) * 1e-9
    let name = path ?? run.configuration.model.from ?? ""
    self.init(
      dataset, sums: sums,
      facts: [RunStart.Fact("reference", "\(name), \(countText(2 * rows)) answers in \(fixed(seconds, 1)) s")]
    )
  }

  /// An engine of another model.
  private static func engine(
    _ path: String, _ dataset: PreferenceDataset, _ run: LessonRun
  ) throws -> TrainingEngine {
    let (source, precision) = (try ModelFiles(path).source, run.configuration.precision)
    let network = try Network(PrecisionSource(base: source, precision: precision))
    let sizes = network.configuration
    guard dataset.vocabularySize <= sizes.vocabularySize else {
      throw TrainingError.vocabulary(
        data: dataset.name, tokens: dataset.vocabularySize, model: sizes.vocabularySize)
    }
    let length = run.configuration.batch.length
    guard length <= sizes.contextLength else {
      throw TrainingError.context(length: length, context: sizes.contextLength)
    }
    return try run.forwardEngine(network) { graph in
      let weights = try TrainableWeights(graph, precision: precision)
      try weights.load(from: source)
      return weights
    }
  }

  /// A row with what the policy makes of it, which stands at `place` of `policy`.
  func row(
    _ row: Int, policy: UnsafeMutableBufferPointer<Double>, at place: Int
  ) -> PreferenceObjective.Row {
    func pair(_ chosen: Double, _ rejected: Double) -> PairLogProbabilities {
      PairLogProbabilities(chosen: chosen, rejected: rejected)
    }
    return PreferenceObjective.Row(
      policy: pair(policy[2 * place], policy[2 * place + 1]),
      reference: sums.isEmpty ? pair(0, 0) : pair(sums[2 * row], sums[2 * row + 1]),
      tokens: (
        dataset.sequence(0, ofRow: row).answerCount, dataset.sequence(1, ofRow: row).answerCount
      ),
      isDesirable: dataset.isDesirable(row))
  }
}
