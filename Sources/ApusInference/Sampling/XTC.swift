// XTC ("exclude top choices"): sometimes all likely tokens but the least likely of them are left out, which
// breaks clichés. P. E. Weidmann, github.com/oobabooga/text-generation-webui/pull/6335.

/// With some probability, drops every candidate that reaches the threshold except the least likely of them.
struct XTC: SamplerStage {
  private let chance: Double
  private let threshold: Float
  private let minimum: Int

  init?(_ options: SamplingOptions) {
    guard options.xtcProbability > 0, options.xtcThreshold <= 0.5 else { return nil }
    chance = options.xtcProbability
    threshold = Float(options.xtcThreshold)
    minimum = options.minKeep
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    guard uniform(randomWords[0]) < chance else { return }
    try candidates.normalise()
    let order = ByLogit()
    var likely = 0
    var least: Candidate?
    for candidate in candidates.entries where candidate.probability >= threshold {
      likely += 1
      if let current = least, order.precedes(candidate, current) { continue }
      least = candidate
    }
    guard let least, likely > 1, candidates.count - (likely - 1) >= minimum else { return }
    let threshold = threshold
    candidates.keep { $0.probability < threshold || $0.token == least.token }
  }
}
