// Kahneman–Tversky optimisation: completions that are good or bad by themselves, not in pairs.

/// The loss of Ethayarajh et al. 2024 (arXiv:2402.01306).
///
/// With r the log p of a completion under the policy less that under the reference, and z₀ what a completion is compared with,
///
///     loss = λ(desirable)   · (1 − σ(β · (r − z₀)))   of a desirable completion
///     loss = λ(undesirable) · (1 − σ(β · (z₀ − r)))   of an undesirable one
///
/// z₀ stands for how far the policy is from the reference. It is estimated from completions of other prompts, and nothing is
/// learned through it.
package enum KTO {
  /// z₀ of a batch: the mean of r over completions that answer other prompts, and not below 0.
  ///
  /// - Parameter ratios: log p of such completions under the policy less those under the reference.
  package static func referencePoint(_ ratios: some Collection<Double>) -> Double {
    ratios.isEmpty ? 0 : max(0, ratios.reduce(0, +) / Double(ratios.count))
  }

  /// The loss of a completion, and its derivative by the policy's sum of log p.
  package static func value(
    _ policy: Double, reference: Double, isDesirable: Bool, referencePoint: Double, beta: Double,
    weight: Double
  ) -> ObjectiveValue<Double> {
    let sign = isDesirable ? 1.0 : -1.0
    let x = sign * beta * (policy - reference - referencePoint)
    // 1 − σ(x) is σ(−x), which keeps its digits where σ(x) is almost 1.
    let missed = sigmoid(-x)
    return ObjectiveValue(loss: weight * missed, slopes: -sign * beta * weight * missed * sigmoid(x))
  }
}
