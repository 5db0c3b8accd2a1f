// Mirostat, versions 1 and 2: the cut adapts so that the surprise of the text stays near a target. S. Basu
// et al., "Mirostat: A Neural Text Decoding Algorithm that Directly Controls Perplexity", arXiv:2007.14966.

import CApusKernels

/// The feedback both versions share: the largest surprise to allow, in bits, starts at twice the target.
private struct Feedback: Sendable {
  let target: Double
  let rate: Double
  var allowed: Double

  init(_ options: SamplingOptions) {
    target = options.mirostatTau
    rate = options.mirostatEta
    allowed = 2 * options.mirostatTau
  }

  mutating func observe(_ probability: Float?) {
    guard let probability, probability > 0 else { return }
    let surprise = -apus_log(Double(probability)) / apus_log(2)
    allowed -= rate * (surprise - target)
  }
}

/// Version 1: estimates the exponent of Zipf's law from the likeliest tokens, and from it the k of a top-k.
struct Mirostat1: SamplerStage {
  private var feedback: Feedback
  private let vocabularySize: Int

  /// Tokens the exponent is estimated from.
  private static let sampleSize = 100

  init(_ options: SamplingOptions, vocabularySize: Int) {
    feedback = Feedback(options)
    self.vocabularySize = vocabularySize
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    let sample = min(Self.sampleSize, vocabularySize)
    if candidates.isWhole { try candidates.peekTop(sample) } else { try candidates.keepTop(candidates.count) }
    let wanted = wanted(candidates.entries.prefix(sample))
    try candidates.keepTop(wanted)
  }

  mutating func accept(_ token: Int32, probability: Float?) {
    feedback.observe(probability)
  }

  private func wanted(_ sorted: Slice<UnsafeMutableBufferPointer<Candidate>>) -> Int {
    var products = 0.0
    var squares = 0.0
    for index in sorted.indices.dropLast() {
      let step = apus_log(Double(index + 2) / Double(index + 1))
      // The logarithm of the ratio of two probabilities is the difference of their logits.
      let fall = Double(sorted[index].logit) - Double(sorted[index + 1].logit)
      products += step * fall
      squares += step * step
    }
    guard squares > 0, products < .infinity else { return 1 }
    let exponent = products / squares
    // Equal logits follow no power law: nothing to cut.
    guard exponent > 0 else { return vocabularySize }
    // At 1 the formula is 0/0, with a limit.
    let excess = exponent == 1 ? 1e-6 : exponent - 1
    let spread = excess * power(2, feedback.allowed) / (1 - power(Double(vocabularySize), -excess))
    return Int(min(Double(vocabularySize), max(1, power(spread, 1 / exponent))))
  }
}

/// Version 2: drops candidates more surprising than allowed.
struct Mirostat2: SamplerStage {
  private var feedback: Feedback

  init(_ options: SamplingOptions) {
    feedback = Feedback(options)
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    let total = try candidates.logSumExp()
    try candidates.keepAtLeast(Float(total - feedback.allowed * apus_log(2)), minimum: 1)
  }

  mutating func accept(_ token: Int32, probability: Float?) {
    feedback.observe(probability)
  }
}
