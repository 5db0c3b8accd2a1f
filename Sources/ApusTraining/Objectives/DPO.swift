// Direct preference optimisation: a policy learns from pairs what a reward model would, without one.

/// The loss of Rafailov et al. 2023 (arXiv:2305.18290), with the smoothing of Mitchell 2023 ("A note on DPO with noisy
/// preferences & relationship to IPO").
///
/// With r the log p of a completion under the policy less that under the reference,
///
///     d    = β · (r(chosen) − r(rejected))
///     loss = −(1 − ε) · log σ(d) − ε · log σ(−d)
package enum DPO {
  /// The loss of a pair, and its derivatives by the policy's sums of log p.
  package static func value(
    _ policy: PairLogProbabilities, reference: PairLogProbabilities, beta: Double, labelSmoothing: Double = 0
  ) -> ObjectiveValue<PairLogProbabilities> {
    let pair = BradleyTerry.value(
      difference: beta * (policy - reference).difference, labelSmoothing: labelSmoothing)
    let slope = beta * pair.slopes
    return ObjectiveValue(
      loss: pair.loss, slopes: PairLogProbabilities(chosen: slope, rejected: -slope))
  }
}
