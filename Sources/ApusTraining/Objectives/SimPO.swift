// Simple preference optimisation: no reference, and completions of any length on one scale.

/// The loss of Meng et al. 2024 (arXiv:2405.14734).
///
/// With r the mean log p of a completion's tokens and γ the least difference that is aimed at,
///
///     d    = β · (r(chosen) − r(rejected)) − γ
///     loss = −(1 − ε) · log σ(d) − ε · log σ(−d)
package enum SimPO {
  /// The loss of a pair, and its derivatives by the sums of log p.
  ///
  /// - Parameters:
  ///   - policy: sums over the tokens.
  ///   - tokens: of each completion; at least 1.
  package static func value(
    _ policy: PairLogProbabilities, tokens: (chosen: Int, rejected: Int), beta: Double, margin: Double,
    labelSmoothing: Double = 0
  ) -> ObjectiveValue<PairLogProbabilities> {
    let (chosen, rejected) = (Double(tokens.chosen), Double(tokens.rejected))
    let pair = BradleyTerry.value(
      difference: beta * (policy.chosen / chosen - policy.rejected / rejected) - margin,
      labelSmoothing: labelSmoothing)
    let slope = beta * pair.slopes
    return ObjectiveValue(
      loss: pair.loss, slopes: PairLogProbabilities(chosen: slope / chosen, rejected: -slope / rejected))
  }
}
