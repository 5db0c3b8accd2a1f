// Repetition, frequency and presence penalties on recent tokens. The repetition penalty is that of N. S.
// Keskar et al., "CTRL", arXiv:1909.05858, with negative logits multiplied (a division would favour them);
// frequency and presence are those of OpenAI's completion interface.

/// Lowers the logits of the last tokens, prompt included.
struct Penalties: SamplerStage {
  private let repeatPenalty: Float
  private let frequency: Float
  private let presence: Float
  private var history: TokenHistory
  private var counts: TokenTable

  init?(_ options: SamplingOptions) {
    guard options.penaltyLastN > 0,
      options.repeatPenalty != 1 || options.frequencyPenalty != 0 || options.presencePenalty != 0
    else { return nil }
    repeatPenalty = Float(options.repeatPenalty)
    frequency = Float(options.frequencyPenalty)
    presence = Float(options.presencePenalty)
    history = TokenHistory(capacity: options.penaltyLastN)
    counts = TokenTable(capacity: options.penaltyLastN + 1)
  }

  var maximumChanges: Int { history.capacity }

  mutating func accept(_ token: Int32, probability: Float?) {
    counts[token] += 1
    if let forgotten = history.push(token) { counts[forgotten] -= 1 }
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    candidates.adjust(counts) { _, count, logit in
      let scaled = logit <= 0 ? logit * repeatPenalty : logit / repeatPenalty
      return scaled - (Float(count) * frequency + presence)
    }
  }
}
