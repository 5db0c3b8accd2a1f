// Top-k: A. Fan, M. Lewis, Y. Dauphin, "Hierarchical Neural Story Generation", arXiv:1805.04833.

/// Keeps the `k` likeliest candidates.
struct TopK: SamplerStage {
  private let wanted: Int

  init?(_ options: SamplingOptions) {
    guard options.topK > 0 else { return nil }
    wanted = options.topK
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    try candidates.keepTop(wanted)
  }
}
