// A batch that grows: early steps learn from few sequences as well as from many (S. McCandlish et al., "An Empirical Model of
// Large-Batch Training", arXiv:1812.06162; T. Brown et al., arXiv:2005.14165, ramp theirs over the first tokens).

/// The number of sequences of every step: from `first` to `last`, in multiples of `multiple`, over `steps` steps.
package struct BatchRamp: Equatable, Sendable {
  package let first: Int
  package let last: Int
  package let steps: Int
  package let multiple: Int

  /// - Parameters:
  ///   - steps: after which the batch has `last` sequences; 0 for no ramp.
  ///   - multiple: of sequences that are computed at once, on all ranks.
  package init(first: Int, last: Int, steps: Int, multiple: Int = 1) {
    self.first = first
    self.last = last
    self.steps = steps
    self.multiple = multiple
  }

  /// - Throws: `LearningError.setting` when the sizes do not divide or the ramp falls.
  package func validate() throws(LearningError) {
    try LearningError.check("sequences at once", multiple, "at least 1") { $0 >= 1 }
    try LearningError.check("batch", last, "a multiple of \(multiple), the sequences computed at once") {
      $0 >= 1 && $0 % multiple == 0
    }
    try LearningError.check("first batch", first, "a multiple of \(multiple) from \(multiple) to \(last)") {
      $0 >= 1 && $0 % multiple == 0 && $0 <= last
    }
    try LearningError.check("ramp steps", steps, "at least 0") { $0 >= 0 }
  }

  /// The sequences of a step.
  ///
  /// - Parameter step: the number of steps already made.
  package func sequences(at step: Int) -> Int {
    guard step < steps else { return last }
    // Rounded down: no step is larger than its place on the line.
    let grown = Double(last - first) * Double(max(0, step)) / Double(steps)
    return first + Int(grown) / multiple * multiple
  }
}
