// Steps of a configured run without the run: for measuring. Nothing is saved, nothing goes on from a checkpoint.

import ApusRuntime

/// A learner and its texts, as a configuration says.
package final class TrainingSample {
  package let learner: Learner
  /// Micro-batches of a step.
  package let microBatches: Int
  package let learningRate: Double
  /// What the user should know, one line each.
  package let notes: [String]
  private let configuration: TrainingConfiguration
  private let feed: BatchFeed
  private var step = 0

  /// Opens the texts, reserves memory and gives the weights their first values.
  ///
  /// - Throws: as `Trainer`.
  package init(_ configuration: TrainingConfiguration, runtime: Runtime) throws {
    self.configuration = configuration
    let inputs = try TrainingInputs(configuration, runtime: runtime)
    let assembly = try TrainingAssembly(configuration, inputs, runtime)
    learner = try assembly.makeLearner(inputs, runtime)
    feed = BatchFeed(assembly.plan, sequences: configuration.batch.sequences, micro: assembly.micro)
    microBatches = (configuration.batch.sequences + assembly.micro - 1) / assembly.micro
    learningRate = configuration.optimizer.learningRate
    notes = configuration.notes + inputs.notes + assembly.notes
  }

  /// Adds the texts of a micro-batch of a step, counted from 1.
  package func fill(_ step: Int, _ microBatch: Int, _ engine: TrainingEngine) {
    if step != self.step {
      let rows = configuration.batch.sequences
      feed.read(from: (step - 1) * rows, rows: rows)
      self.step = step
    }
    feed.add(microBatch, to: engine, total: feed.weight)
  }
}
