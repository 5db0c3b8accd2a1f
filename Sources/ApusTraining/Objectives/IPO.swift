// Identity preference optimisation: pairs are pulled apart by so much and no further.

/// The loss of Azar et al. 2023 (arXiv:2310.12036), equation 17.
///
/// With r the log p of a completion under the policy less that under the reference,
///
///     loss = (r(chosen) − r(rejected) − 1 / 2β)²
///
/// Log p are sums over the tokens, as in the paper; there are programs that divide them by the number of tokens.
package enum IPO {
  /// The loss of a pair, and its derivatives by the policy's sums of log p.
  package static func value(
    _ policy: PairLogProbabilities, reference: PairLogProbabilities, beta: Double
  ) -> ObjectiveValue<PairLogProbabilities> {
    let error = (policy - reference).difference - 1 / (2 * beta)
    return ObjectiveValue(
      loss: error * error, slopes: PairLogProbabilities(chosen: 2 * error, rejected: -2 * error))
  }
}
