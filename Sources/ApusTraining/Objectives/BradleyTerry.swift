// The Bradley–Terry model of preferences: what a reward model learns, and what DPO and SimPO are made of.

/// One of two is preferred with probability σ(d), d the difference of what they are worth (Bradley & Terry 1952,
/// doi:10.2307/2334029).
///
///     loss(d) = −(1 − ε) · log σ(d) − ε · log σ(−d)
///
/// ε is the share of labels that are taken to be the wrong way round; 0 believes all of them.
package enum BradleyTerry {
  /// The loss, and its derivative by the difference.
  ///
  /// - Parameters:
  ///   - difference: of the preferred one's worth less the other's.
  ///   - labelSmoothing: ε, from 0 to below 1/2.
  package static func value(
    difference d: Double, labelSmoothing: Double = 0
  ) -> ObjectiveValue<Double> {
    var loss = -(1 - labelSmoothing) * logSigmoid(d)
    // Not 0 · ∞ where the difference is not finite.
    if labelSmoothing > 0 { loss -= labelSmoothing * logSigmoid(-d) }
    return ObjectiveValue(
      loss: loss, slopes: labelSmoothing * sigmoid(d) - (1 - labelSmoothing) * sigmoid(-d))
  }
}
