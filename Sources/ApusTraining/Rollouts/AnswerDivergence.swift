// How far a policy has gone from another model: what that model makes of the policy's own answers.

import ApusInference
import ApusTensor

/// Estimates the divergence KL(policy ‖ reference) from answers drawn from the policy.
///
/// The mean of log p − log q over answers is unbiased (the estimator k1); an answer's is the sum of its tokens'.
/// Not thread-safe: it owns its engine.
package final class AnswerDivergence {
  private let engine: Engine

  /// Positions whose logits are in memory at once.
  private static let rows = 64

  /// What an engine of the reference needs.
  package static func engineOptions(contextLength: Int) -> EngineOptions {
    var options = EngineOptions(contextLength: contextLength)
    options.batchTokens = min(rows, contextLength)
    options.outputs = options.batchTokens
    return options
  }

  /// - Parameter engine: the reference's, made with `engineOptions`.
  package init(_ engine: Engine) {
    self.engine = engine
  }

  /// Σ log p − log q over the tokens of an answer, which has room in the context behind its prompt.
  ///
  /// - Parameter rollout: drawn with temperature 1.
  /// - Throws: `InferenceError.nonFinite`, `.cacheFull`.
  /// - Complexity: a prompt's pass over prompt and answer.
  package func divergence(_ rollout: Rollout, after prompt: [Int32]) throws(InferenceError) -> Double {
    let tokens = prompt + rollout.tokens.dropLast()
    let sequence = engine.makeSequence()
    let vocabulary = engine.network.configuration.vocabularySize
    var (sum, place) = (0.0, 0)
    for start in stride(from: 0, to: tokens.count, by: Self.rows) {
      let part = start..<min(start + Self.rows, tokens.count)
      // The token behind the prompt's last is the answer's first.
      let outputs = max(0, part.upperBound - max(part.lowerBound, prompt.count - 1))
      engine.beginStep()
      guard
        tokens.withUnsafeBufferPointer({
          engine.addToStep(sequence, UnsafeBufferPointer(rebasing: $0[part]), outputs: outputs)
        })
      else { throw .cacheFull }
      try engine.runStep()
      for row in 0..<outputs {
        let logits = engine.logits(row).baseAddress!
        let total = LogSumExp(logits, count: vocabulary, kernels: engine.runtime.cpu.table)
        let reference = Double(logits[Int(rollout.tokens[place])]) - total.value
        sum += Double(rollout.logProbabilities[place]) - reference
        place += 1
      }
    }
    return sum
  }
}
