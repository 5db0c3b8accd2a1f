// What a step of training is expected to take, by what is done in it.

/// Seconds of a step.
package struct StepSeconds: Sendable, Equatable {
  /// Forward and backward.
  package var learning = 0.0
  /// Passes of the network that learns without a way back, and those of a reference.
  package var measuring = 0.0
  package var reference = 0.0
  /// Answers, and the model that judges them.
  package var rollouts = 0.0
  package var judging = 0.0
  /// The optimiser, in all updates.
  package var updates = 0.0
  /// Once, before the first step; no part of it.
  package var before = 0.0

  package init(learning: Double = 0, updates: Double = 0) {
    (self.learning, self.updates) = (learning, updates)
  }

  /// All of the step.
  package var step: Double { parts.reduce(0) { $0 + $1.seconds } }

  /// The parts by name, those that there are.
  package var parts: [(name: String, seconds: Double)] {
    [
      ("rollouts", rollouts), ("reward model", judging), ("reference", reference),
      ("forward passes", measuring), ("learning", learning), ("updates", updates),
    ].filter { $0.seconds > 0 }
  }
}
