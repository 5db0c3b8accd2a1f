// Group relative policy optimisation: answers to one prompt are measured by one another, and a penalty holds the policy near
// the one it began from.
//
//   A_i = (r_i − mean r) / (std r + 10⁻⁴)
//   L_t = PPO's clipped loss of A_i + β·KL_t
//   k3: KL_t = exp(log q − log p) − (log q − log p) − 1      k1: KL_t = log p − log q      q: the reference
//
// Shao et al. 2024, "DeepSeekMath", arXiv:2402.03300, equations 3 and 4; the estimators are J. Schulman's ("Approximating KL
// Divergence", 2020). How tokens are averaged: over each answer, then over answers (Shao); over all tokens (Yu et al. 2025,
// arXiv:2503.14476); over answers as if each had the longest length (Liu et al. 2025, "Understanding R1-Zero-Like
// Training", arXiv:2503.20783, which also leaves out the division by the standard deviation).

import CApusKernels

/// The objective of a token: PPO's, and what the distance from the reference costs.
package struct GRPO: Sendable, Equatable {
  package var surrogate: PPO
  /// β; with 0 there is no reference.
  package var kl: Double
  package var estimator: KLEstimator

  package init(_ surrogate: PPO, kl: Double, estimator: KLEstimator = .k3) {
    self.surrogate = surrogate
    self.kl = kl
    self.estimator = estimator
  }

  /// A token's loss, its slope and its estimated divergence.
  ///
  /// - Parameter reference: the token's log-probability by the reference; nil where there is none.
  package func token(
    logProbability: Double, old: Double, reference: Double?, advantage: Double
  ) -> (token: PPO.Token, divergence: Double) {
    var token = surrogate.token(logProbability: logProbability, old: old, advantage: advantage)
    guard kl > 0, let reference else { return (token, 0) }
    let divergence = Self.divergence(estimator, logProbability: logProbability, reference: reference)
    token.loss += kl * divergence.value
    token.slope += kl * divergence.slope
    return (token, divergence.value)
  }

  /// The advantages of the answers to one prompt; all 0 where all rewards are equal.
  ///
  /// - Parameter isScaled: whether they are divided by the standard deviation, of n − 1 degrees of freedom.
  package static func advantages(_ rewards: [Double], isScaled: Bool = true) -> [Double] {
    guard let first = rewards.first, rewards.contains(where: { $0 != first }) else {
      return rewards.map { _ in 0 }
    }
    let mean = rewards.reduce(0, +) / Double(rewards.count)
    guard isScaled else { return rewards.map { $0 - mean } }
    let square = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (square / Double(rewards.count - 1)).squareRoot()
    return rewards.map { ($0 - mean) / (deviation + 1e-4) }
  }

  /// Log-ratios beyond this are taken as this: a token that the policy has all but given up would otherwise pull with e⁵⁰.
  private static let largestLogRatio = 20.0

  /// The estimate of the divergence from the reference at a token, and its slope by log p.
  package static func divergence(
    _ estimator: KLEstimator, logProbability: Double, reference: Double
  ) -> (value: Double, slope: Double) {
    switch estimator {
    case .k1: return (logProbability - reference, 1)
    case .k3:
      let difference = min(reference - logProbability, largestLogRatio)
      let ratio = apus_exp(difference)
      return (ratio - difference - 1, 1 - ratio)
    }
  }

  /// What each token of an answer counts in the loss of an update.
  ///
  /// - Parameters:
  ///   - length: tokens of the answer.
  ///   - answers: of the update.
  ///   - tokens: of all of them.
  ///   - longest: the most tokens an answer may have.
  package static func tokenWeight(
    _ average: PolicyAverage, length: Int, answers: Double, tokens: Double, longest: Int
  ) -> Double {
    switch average {
    case .answer: 1 / (Double(length) * answers)
    case .token: 1 / tokens
    case .longest: 1 / (answers * Double(longest))
    }
  }
}
