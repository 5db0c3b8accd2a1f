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
  private let lesson: any Lesson
  private var step = 0

  /// Opens the texts, reserves memory and gives the weights their first values.
  ///
  /// - Throws: as `Trainer`.
  package init(_ configuration: TrainingConfiguration, runtime: Runtime) throws {
    self.configuration = configuration
    let inputs = try TrainingInputs(configuration, runtime: runtime)
    let assembly = try TrainingAssembly(configuration, inputs, runtime)
    learner = try assembly.makeLearner(inputs, runtime)
    lesson = try inputs.training.lesson(
      LessonRun(
        configuration: configuration, assembly: assembly, inputs: inputs, learner: learner, runtime: runtime))
    microBatches = (configuration.batch.sequences + assembly.micro - 1) / assembly.micro
    learningRate = configuration.optimizer.learningRate
    notes = configuration.notes + inputs.notes + assembly.notes
  }

  /// Adds the texts of a micro-batch of a step, counted from 1, to its first update.
  package func fill(_ step: Int, _ microBatch: Int, _ engine: TrainingEngine) throws {
    if step != self.step {
      let rows = configuration.batch.sequences
      try lesson.begin(step: step - 1, cursor: (step - 1) * rows, rows: rows)
      try lesson.prepare(update: 0)
      self.step = step
    }
    lesson.add(microBatch, to: engine, total: lesson.weight)
  }
}
