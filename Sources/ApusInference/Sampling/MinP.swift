// Min-p: M. N. Nguyen et al., "Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs",
// arXiv:2407.01082.

import CApusKernels

/// Keeps candidates at least `p` times as likely as the likeliest.
struct MinP: SamplerStage {
  /// log p: probabilities compare as logits do.
  private let distance: Float
  private let minimum: Int

  init?(_ options: SamplingOptions) {
    guard options.minP > 0 else { return nil }
    distance = Float(apus_log(options.minP))
    minimum = options.minKeep
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    let largest = try candidates.largest()
    try candidates.keepAtLeast(largest + distance, minimum: minimum)
  }
}
