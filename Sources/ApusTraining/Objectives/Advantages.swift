// Advantages: how much better an answer went from each token on than its value had promised.

/// Generalised advantage estimation (Schulman et al. 2016, arXiv:1506.02438), over the tokens of one answer.
///
///     δ_t = r_t + γ · V_{t+1} − V_t
///     A_t = δ_t + γλ · A_{t+1}
///
/// V_t is the value before token t; behind the last token it is 0, or `next` where the answer was cut off and goes on.
package enum Advantages {
  /// What each token is paid: the score of the answer at its last token, less β times the divergence from the reference at
  /// each (Ziegler et al. 2019, arXiv:1909.08593).
  ///
  /// - Parameters:
  ///   - score: of the whole answer.
  ///   - divergence: of each token, log π − log π_ref or another estimate.
  ///   - beta: β, what a nat of divergence costs.
  package static func rewards(score: Double, divergence: [Double], beta: Double) -> [Double] {
    var rewards = beta == 0 ? [Double](repeating: 0, count: divergence.count) : divergence.map { -beta * $0 }
    if let last = rewards.indices.last { rewards[last] += score }
    return rewards
  }

  /// The advantage of each token.
  ///
  /// What values should have been, their targets, is A_t + V_t.
  ///
  /// - Parameters:
  ///   - values: as many as `rewards`.
  ///   - gamma: γ, what the next token's worth counts: from 0 to 1.
  ///   - lambda: λ, 0 believes the next value alone, 1 what was paid in the end alone.
  ///   - next: the value behind the last token.
  /// - Complexity: O(tokens).
  package static func generalized(
    rewards: [Double], values: [Double], gamma: Double, lambda: Double, next: Double = 0
  ) -> [Double] {
    precondition(rewards.count == values.count, "\(rewards.count) rewards, \(values.count) values")
    var advantages = rewards
    var (later, value) = (0.0, next)
    for token in rewards.indices.reversed() {
      let delta = rewards[token] + gamma * value - values[token]
      later = delta + gamma * lambda * later
      (advantages[token], value) = (later, values[token])
    }
    return advantages
  }

  /// Brings the advantages of a batch to mean 0 and variance 1: all tokens of all answers together, each counted once.
  ///
  /// Fewer than two, or advantages that are all the same, come out as zeros.
  ///
  /// - Parameter keepsMean: whether only the variance changes.
  package static func normalize(_ answers: inout [[Double]], keepsMean: Bool = false) {
    let count = answers.reduce(0) { $0 + $1.count }
    let mean = answers.reduce(0) { $1.reduce($0, +) } / Double(max(1, count))
    let squares = answers.reduce(0) { $1.reduce($0) { $0 + ($1 - mean) * ($1 - mean) } }
    // 1e-8 keeps differences that are rounding alone from becoming advantages of 1.
    let scale = 1 / (squares / Double(max(1, count - 1)) + 1e-8).squareRoot()
    for answer in answers.indices {
      for token in answers[answer].indices {
        let centred = (answers[answer][token] - mean) * scale
        answers[answer][token] = keepsMean ? centred + mean : centred
      }
    }
  }
}
