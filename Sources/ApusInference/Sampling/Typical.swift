// Locally typical sampling: C. Meister et al., "Locally Typical Sampling", arXiv:2202.00666.

/// Keeps the candidates whose surprise is closest to the entropy, until they are likelier than `p` together.
struct Typical: SamplerStage {
  private let mass: Double
  private let minimum: Int

  init?(_ options: SamplingOptions) {
    guard options.typicalP < 1 else { return nil }
    mass = options.typicalP
    minimum = max(1, options.minKeep)
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    let logSumExp = try candidates.normalise()
    // |surprise − entropy| = |logSumExp − logit − entropy|: the distance of the logit from a point.
    let order = ByDistance(center: Float(logSumExp - candidates.entropy()))
    candidates.count = candidates.entries.selectMass(mass, strict: true, minimum: minimum, by: order)
    candidates.isSorted = false
  }
}
