// The learning rate of every step: a function of the step's number alone, so a resumed run needs to save nothing.
// The shapes are those of transformers' `get_…_schedule_with_warmup`, steps being counted alike.

import ApusBasics
import CApusKernels

/// A learning-rate schedule.
///
///     let schedule = Schedule(.cosine, peak: 3e-4, steps: 10_000, warmup: 200, minimum: 3e-5)
///     schedule.rate(at: 0)      // 0: the first step of a warm-up only fills the optimiser's states
///     schedule.rate(at: 200)    // 3e-4
package struct Schedule: Equatable, Sendable {
  /// What the rate does after the warm-up.
  package enum Shape: Equatable, Sendable {
    case constant
    /// Straight down to the minimum.
    case linear
    /// Half a wave of the cosine down to the minimum (I. Loshchilov, F. Hutter, arXiv:1608.03983).
    case cosine
    /// Constant, then down to the minimum over the last `decaySteps` steps (S. Hu et al., "MiniCPM", arXiv:2404.06395).
    case warmupStableDecay(decaySteps: Int, decay: Decay)
    /// peak / √(step / warm-up), the warm-up taken as 10,000 when it is 0; never below the minimum (A. Vaswani et al.,
    /// arXiv:1706.03762).
    case inverseSquareRoot
  }

  /// How the rate falls at the end of a warm-up–stable–decay schedule.
  package enum Decay: Equatable, Sendable {
    case linear
    case cosine
    /// 1 − √progress (A. Hägele et al., arXiv:2405.18392).
    case squareRoot
  }

  package let shape: Shape
  /// The rate after the warm-up.
  package let peak: Double
  /// Steps in all.
  package let steps: Int
  /// Steps over which the rate rises from 0 in a straight line.
  package let warmup: Int
  /// What the rate falls to. Ignored by `constant`.
  package let minimum: Double

  package init(_ shape: Shape, peak: Double, steps: Int, warmup: Int = 0, minimum: Double = 0) {
    self.shape = shape
    self.peak = peak
    self.steps = steps
    self.warmup = warmup
    self.minimum = minimum
  }

  /// - Throws: `LearningError.setting` for a schedule that contradicts itself.
  package func validate() throws(LearningError) {
    try LearningError.checkPositive("learning rate", peak)
    try LearningError.check("minimum learning rate", minimum, "a number from 0 to the learning rate \(peak)")
    {
      $0 >= 0 && $0 <= peak
    }
    try LearningError.check("steps", steps, "at least 1") { $0 >= 1 }
    try LearningError.check("warm-up steps", warmup, "0 to the \(steps) steps of the run") {
      (0...steps).contains($0)
    }
    if case .warmupStableDecay(let decaySteps, _) = shape {
      try LearningError.check("decay steps", decaySteps, "0 to the \(steps - warmup) steps after the warm-up")
      {
        (0...steps - warmup).contains($0)
      }
    }
  }

  /// The rate of a step.
  ///
  /// - Parameter step: the number of steps already made, 0 for the first. After the last step the rate stays.
  /// - Complexity: O(1).
  package func rate(at step: Int) -> Double {
    if step < warmup { return peak * Double(step) / Double(max(1, warmup)) }
    switch shape {
    case .constant:
      return peak
    case .linear:
      return minimum + (peak - minimum) * (1 - progress(step, from: warmup))
    case .cosine:
      return minimum + (peak - minimum) * Self.halfWave(progress(step, from: warmup))
    case .warmupStableDecay(let decaySteps, let decay):
      let done = progress(step, from: steps - decaySteps)
      switch decay {
      case .linear: return minimum + (peak - minimum) * (1 - done)
      case .cosine: return minimum + (peak - minimum) * Self.halfWave(done)
      case .squareRoot: return minimum + (peak - minimum) * (1 - done.squareRoot())
      }
    case .inverseSquareRoot:
      let scale = warmup > 0 ? warmup : 10_000
      return max(minimum, peak / (Double(step - warmup + scale) / Double(scale)).squareRoot())
    }
  }

  /// The share done of the steps from `first` to the last one.
  private func progress(_ step: Int, from first: Int) -> Double {
    step <= first ? 0 : min(1, Double(step - first) / Double(max(1, steps - first)))
  }

  /// From 1 at 0 to 0 at 1. The cosine is the kernels' own, for the same bits on every machine.
  private static func halfWave(_ progress: Double) -> Double { 0.5 * (1 + apus_cos(Double.pi * progress)) }
}
