// The loss of values: half the squared distance to what they should have been, and PPO's clipped form of it.

/// The value of a token against its target.
///
///     loss = ½ max((v − R)², (clamp(v, v_old − ε, v_old + ε) − R)²)
///
/// Clipping keeps a value from moving by more than ε from where it was when the answer was written, as the policy's ratio is
/// kept (Schulman et al. 2016; the clipped form is of OpenAI's baselines, Huang et al. 2022, "The 37 Implementation Details
/// of PPO", detail 9). Without ε it is ½ (v − R)².
package enum ValueLoss {
  /// The loss, and its derivative by the value.
  ///
  /// - Parameters:
  ///   - value: v, as it is now.
  ///   - old: v_old, when the answer was written.
  ///   - target: R, the advantage plus the old value.
  ///   - clip: ε; nil for none.
  package static func value(
    _ value: Double, old: Double, target: Double, clip: Double?
  ) -> ObjectiveValue<Double> {
    let error = value - target
    let plain = ObjectiveValue(loss: error * error / 2, slopes: error)
    guard let clip else { return plain }
    let clipped = min(max(value, old - clip), old + clip) - target
    // Where the clipped form is the larger, it is a constant: inside the bounds both are the same.
    return clipped * clipped > error * error ? ObjectiveValue(loss: clipped * clipped / 2, slopes: 0) : plain
  }

  /// Whether the clipped form counts, for a share that tells how far values would have moved.
  package static func isClipped(_ value: Double, old: Double, target: Double, clip: Double?) -> Bool {
    guard let clip else { return false }
    return abs(min(max(value, old - clip), old + clip) - target) > abs(value - target)
  }
}
