// Temperature, fixed or following the entropy ("dynamic temperature"), and the greedy choice at its lower end.

import CApusKernels

/// Divides the logits by a temperature.
///
/// With a range, the temperature moves between `temperature − range` and `temperature + range` with the
/// entropy relative to the largest possible, to the power of the exponent: sure predictions stay sure.
struct Temperature: SamplerStage {
  private let lowest: Double
  private let highest: Double
  private let exponent: Double

  /// Below this the likeliest token is taken: logits are multiplied by 10⁵ at most.
  static let greedy = 1e-5

  init?(_ options: SamplingOptions) {
    self.init(
      options.temperature, range: options.dynamicTemperatureRange,
      exponent: options.dynamicTemperatureExponent)
  }

  init?(_ temperature: Double, range: Double = 0, exponent: Double = 1) {
    guard temperature != 1 || range > 0 else { return nil }
    lowest = max(0, temperature - range)
    highest = temperature + range
    self.exponent = exponent
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    let temperature = highest > lowest ? try followed(&candidates) : lowest
    if temperature < Self.greedy {
      try candidates.keepBest()
    } else {
      candidates.scale(by: Float(1 / temperature))
    }
  }

  private func followed(_ candidates: inout Candidates) throws(SamplingError) -> Double {
    try candidates.normalise()
    guard candidates.count > 1 else { return 1 }
    let share = min(1, max(0, candidates.entropy() / apus_log(Double(candidates.count))))
    return lowest + (highest - lowest) * power(share, exponent)
  }
}

/// base^exponent for base ≥ 0.
func power(_ base: Double, _ exponent: Double) -> Double {
  if base == 0 { return exponent == 0 ? 1 : 0 }
  return apus_exp(exponent * apus_log(base))
}
