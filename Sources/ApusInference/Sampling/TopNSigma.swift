// Top-n-sigma: noise among logits looks like a normal distribution, informative tokens stand out from it.
// C. Tang et al., "Top-nσ: Not All Logits Are You Need", arXiv:2411.07641.

/// Keeps logits at most `n` standard deviations (of all candidates' logits) below the largest.
struct TopNSigma: SamplerStage {
  private let deviations: Double

  init?(_ options: SamplingOptions) {
    guard options.topNSigma > 0 else { return nil }
    deviations = options.topNSigma
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    let (largest, deviation) = try candidates.spread()
    try candidates.keepAtLeast(Float(largest - deviations * deviation), minimum: 1)
  }
}

extension Candidates {
  /// The largest logit and the standard deviation of all that are not minus infinity.
  fileprivate mutating func spread() throws(SamplingError) -> (largest: Double, deviation: Double) {
    if isWhole, mask == nil {
      try survey()
      return spread(from: maximum, of: vocabularySize) { row[$0] }
    }
    try makeList()
    let entries = entries
    let largest = entries.reduce(-Float.infinity) { max($0, $1.logit) }
    return spread(from: largest, of: count) { entries[$0].logit }
  }

  /// One pass: sums of distances from the largest logit, in double, lose nothing that matters.
  private func spread(
    from largest: Float, of count: Int, _ logit: (Int) -> Float
  ) -> (largest: Double, deviation: Double) {
    var sum = 0.0
    var squares = 0.0
    var finite = 0
    for index in 0..<count {
      let distance = Double(largest - logit(index))
      guard distance < .infinity else { continue }
      sum += distance
      squares += distance * distance
      finite += 1
    }
    guard finite > 0 else { return (Double(largest), 0) }
    let mean = sum / Double(finite)
    return (Double(largest), max(0, squares / Double(finite) - mean * mean).squareRoot())
  }
}
