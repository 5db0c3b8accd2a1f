// What a sampler of the chain is: something that changes the candidates.

/// One sampler of the chain, with its own state.
protocol SamplerStage: Sendable {
  /// Drops candidates or changes their logits.
  ///
  /// - Parameter randomWords: four random words of this token's position, the same for all samplers. The
  ///   draw uses words 2 and 3.
  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError)

  /// Takes note of the next token of the sequence.
  ///
  /// - Parameter probability: of the token among the final candidates, if this chain has drawn it.
  mutating func accept(_ token: Int32, probability: Float?)

  /// How many logits one `apply` changes, at most, while the candidates are the whole row.
  var maximumChanges: Int { get }
}

extension SamplerStage {
  mutating func accept(_ token: Int32, probability: Float?) {}
  var maximumChanges: Int { 0 }
}

/// A random number in [0, 1) from one word.
func uniform(_ word: UInt32) -> Double { Double(word) * 0x1p-32 }

/// A random number in [0, 1), a multiple of 2⁻⁵³, from two words.
func uniform(_ high: UInt32, _ low: UInt32) -> Double {
  Double((UInt64(high) << 32 | UInt64(low)) >> 11) * 0x1p-53
}
