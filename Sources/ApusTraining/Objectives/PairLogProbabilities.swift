// What the losses of pairs depend on: how probable a network finds two completions of a prompt.

/// Sums of log p over the tokens of two completions, or derivatives by them.
package struct PairLogProbabilities: Sendable, Equatable {
  package var chosen: Double
  package var rejected: Double

  package init(chosen: Double, rejected: Double) {
    (self.chosen, self.rejected) = (chosen, rejected)
  }

  /// How much more probable the chosen one is.
  package var difference: Double { chosen - rejected }

  /// Element by element.
  package static func - (left: Self, right: Self) -> Self {
    Self(chosen: left.chosen - right.chosen, rejected: left.rejected - right.rejected)
  }
}
