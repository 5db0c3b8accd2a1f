// The ways a training run could be done, side by side, and which of them to take.

import ApusTraining

/// How much of the forward pass is done twice, in words.
package enum RecomputingChoice: String, Sendable, CaseIterable {
  case none
  /// As much as the memory limit asks for.
  case asNeeded = "as needed"
  case all
}

/// One way to run a training.
package struct TrainingChoice: Sendable {
  package var precision: TrainingPrecision
  /// Sequences of a micro-batch.
  package var micro: Int
  package var recomputing: RecomputingChoice
  package var memory: MemoryForecast
  package var fits: Bool
  /// Seconds of a step; nil when speed is left out.
  package var seconds: StepSeconds?
  /// What limits a micro-batch.
  package var limit: StepLimit?

  package init(
    precision: TrainingPrecision, micro: Int, recomputing: RecomputingChoice, memory: MemoryForecast,
    fits: Bool, seconds: StepSeconds? = nil, limit: StepLimit? = nil
  ) {
    self.precision = precision
    self.micro = micro
    self.recomputing = recomputing
    self.memory = memory
    self.fits = fits
    self.seconds = seconds
    self.limit = limit
  }
}

/// The choices of one run.
package struct TrainingPlan: Sendable {
  package var threads: Int
  /// Sequences of a step, and tokens of each.
  package var sequences: Int
  package var length: Int
  package var memoryLimit: Int
  package var choices: [TrainingChoice]
  /// What a step is made of; nil for texts that fill their sequences.
  package var work: LessonWork?
  /// What the configuration asks for, among the choices.
  package var configured: Int?

  package init(
    threads: Int, sequences: Int, length: Int, memoryLimit: Int, choices: [TrainingChoice],
    configured: Int? = nil
  ) {
    self.threads = threads
    self.sequences = sequences
    self.length = length
    self.memoryLimit = memoryLimit
    self.choices = choices
    self.configured = configured
  }

  /// Tokens per second of a choice, those that are learned from.
  package func tokensPerSecond(_ choice: TrainingChoice) -> Double? {
    choice.seconds.map { (work?.learned ?? Double(sequences * length)) / $0.step }
  }

  /// Speeds this close are the same.
  private static let tie = 0.97

  /// The fastest choice that fits; of those as fast within 3 %, the one that takes least memory. Nil when none fits.
  package var recommended: Int? {
    let fitting = choices.indices.filter { choices[$0].fits }
    let best = fitting.compactMap { tokensPerSecond(choices[$0]) }.max() ?? 0
    return fitting.filter { (tokensPerSecond(choices[$0]) ?? 0) >= Self.tie * best }
      .min { choices[$0].memory.total < choices[$1].memory.total }
  }
}
