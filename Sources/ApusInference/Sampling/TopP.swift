// Top-p, or nucleus sampling: A. Holtzman et al., "The Curious Case of Neural Text Degeneration",
// arXiv:1904.09751.

import CApusKernels

/// Keeps the likeliest candidates that together reach the probability `p`.
struct TopP: SamplerStage {
  private let mass: Double
  private let minimum: Int

  /// A nucleus is nearly always smaller than this; then the rest of the vocabulary is never listed.
  private static let usualNucleus = 256

  init?(_ options: SamplingOptions) {
    guard options.topP < 1 else { return nil }
    mass = options.topP
    minimum = max(1, options.minKeep)
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    if candidates.isWhole, candidates.mask == nil, candidates.vocabularySize > 4 * Self.usualNucleus {
      if try narrowRow(&candidates) { return }
    } else {
      try candidates.normalise()
    }
    if candidates.isSorted {
      candidates.count = prefix(of: candidates.entries) ?? candidates.count
    } else {
      candidates.count = candidates.entries.selectMass(
        mass, strict: false, minimum: minimum, by: ByLogit())
    }
  }

  /// Lists, with their probabilities, tokens of the whole row among which the nucleus is.
  ///
  /// - Returns: true if the list is the nucleus already.
  private func narrowRow(_ candidates: inout Candidates) throws(SamplingError) -> Bool {
    let total = try candidates.logSumExp()
    try candidates.peekTop(Self.usualNucleus)
    candidates.setProbabilities(total)
    if let length = prefix(of: candidates.entries) {
      candidates.isWhole = false
      candidates.count = length
      return true
    }
    // Tokens less likely than (1 − p) / n are together less likely than 1 − p: the nucleus needs none of
    // them. Half of that leaves room for rounding.
    let needless = apus_log(max(0.5 * (1 - mass), 1e-30) / Double(candidates.vocabularySize))
    try candidates.keepAtLeast(Float(total + needless), minimum: minimum)
    candidates.setProbabilities(total)
    return false
  }

  /// How many of the sorted candidates reach the mass.
  private func prefix(of sorted: UnsafeMutableBufferPointer<Candidate>) -> Int? {
    var sum = 0.0
    for (index, candidate) in sorted.enumerated() {
      sum += Double(candidate.probability)
      if sum >= mass, index + 1 >= minimum { return index + 1 }
    }
    return nil
  }
}
