// How far a policy has gone from another model: what that model makes of the policy's own answers.

import ApusInference
import ApusTensor

/// Estimates the divergence KL(policy ‖ reference) from answers drawn from the policy.
///
/// The mean of log p − log q over answers is unbiased (the estimator k1); an answer's is the sum of its tokens'.
/// Not thread-safe: it owns its engine.
package final class AnswerDivergence {
  private let engine: Engine
  private let rows: Int

  /// Answers to a prompt that are read side by side.
  private static let together = 8

  /// What an engine of the reference needs.
  package static func engineOptions(contextLength: Int) -> EngineOptions {
    var options = EngineOptions(contextLength: contextLength)
    options.sequences = together + 1
    options.batchTokens = min(256, contextLength)
    options.outputs = options.batchTokens
    return options
  }

  /// - Parameter engine: the reference's, made with `engineOptions`.
  package init(_ engine: Engine) {
    precondition(engine.options.sequences > Self.together && engine.options.batchTokens >= Self.together)
    self.engine = engine
    rows = engine.options.batchTokens
  }

  /// Σ log p − log q over the tokens of each answer to a prompt; all have room in the context behind it.
  ///
  /// - Parameter rollouts: drawn with temperature 1.
  /// - Throws: `InferenceError.nonFinite`, `.cacheFull`.
  /// - Complexity: a pass over the prompt, and one over each answer.
  package func divergences(
    _ rollouts: ArraySlice<Rollout>, after prompt: [Int32]
  ) throws(InferenceError) -> [Double] {
    let rollouts = Array(rollouts)
    var sums = [Double](repeating: 0, count: rollouts.count)
    let asked = engine.makeSequence()
    for start in stride(from: 0, to: prompt.count, by: rows) {
      let end = min(start + rows, prompt.count)
      engine.beginStep()
      try engine.addToStep(asked, prompt[start..<end], outputs: end == prompt.count ? 1 : 0)
      try engine.runStep()
    }
    // The prompt's last token gives the first of every answer.
    for (index, rollout) in rollouts.enumerated() { sums[index] = difference(rollout, place: 0, row: 0) }
    for first in stride(from: 0, to: rollouts.count, by: Self.together) {
      let group = first..<min(first + Self.together, rollouts.count)
      let sequences = group.map { _ in asked.fork(at: asked.length) }
      let (share, longest) = (rows / group.count, rollouts[group].map(\.tokens.count).max()! - 1)
      for start in stride(from: 0, to: longest, by: share) {
        engine.beginStep()
        for (index, sequence) in zip(group, sequences) {
          let read = places(from: start, share, of: rollouts[index])
          if !read.isEmpty {
            try engine.addToStep(sequence, rollouts[index].tokens[read], outputs: read.count)
          }
        }
        try engine.runStep()
        var row = 0
        for index in group {
          for place in places(from: start, share, of: rollouts[index]) {
            sums[index] += difference(rollouts[index], place: place + 1, row: row)
            row += 1
          }
        }
      }
    }
    return sums
  }

  /// The tokens that a step reads of an answer; its last one gives no other.
  private func places(from start: Int, _ share: Int, of rollout: Rollout) -> Range<Int> {
    let end = rollout.tokens.count - 1
    return min(start, end)..<min(start + share, end)
  }

  /// log p − log q of the token at `place`, q by a row of the step's logits.
  private func difference(_ rollout: Rollout, place: Int, row: Int) -> Double {
    let logits = engine.logits(row)
    let total = LogSumExp(
      UnsafePointer(logits.baseAddress!), count: logits.count, kernels: engine.runtime.cpu.table)
    return Double(rollout.logProbabilities[place])
      - (Double(logits[Int(rollout.tokens[place])]) - total.value)
  }
}
