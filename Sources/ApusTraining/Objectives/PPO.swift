// Proximal policy optimisation: what a token costs by its log-probability, and the slope of that. Advantages are made
// elsewhere: by groups (GRPO.swift) or from values (Advantages.swift).
//
//   ρ = exp(log p − log p_old)
//   L = −min(ρ·A, clip(ρ, 1 − ε, 1 + ε′)·A)
//
// Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347, equation 7. ε′ > ε lets unlikely tokens
// grow faster (Yu et al. 2025, "DAPO", arXiv:2503.14476).

import CApusKernels

/// The clipped objective of a token.
package struct PPO: Sendable, Equatable {
  /// How far the ratio may fall below 1.
  package var clipLow: Double
  /// How far it may rise above 1.
  package var clipHigh: Double

  package init(clipLow: Double, clipHigh: Double) {
    self.clipLow = clipLow
    self.clipHigh = clipHigh
  }

  /// A token's share of the loss.
  package struct Token: Sendable, Equatable {
    package var loss: Double
    /// ∂loss / ∂log p.
    package var slope: Double
    /// p / p_old.
    package var ratio: Double
    /// Whether the ratio is so far off that the token teaches nothing more.
    package var isClipped: Bool
  }

  /// Ratios beyond e²⁰ are told as this one: their gradient would be infinite, and for A < 0 nothing else bounds it.
  private static let largestLogRatio = 20.0

  /// The loss of a token and its slope.
  ///
  /// - Parameters:
  ///   - logProbability: by the weights as they are.
  ///   - old: when the token was chosen.
  package func token(logProbability: Double, old: Double, advantage: Double) -> Token {
    let ratio = apus_exp(min(logProbability - old, Self.largestLogRatio))
    let isClipped = advantage > 0 ? ratio > 1 + clipHigh : advantage < 0 && ratio < 1 - clipLow
    guard !isClipped else {
      let bound = advantage > 0 ? 1 + clipHigh : 1 - clipLow
      return Token(loss: -bound * advantage, slope: 0, ratio: ratio, isClipped: true)
    }
    return Token(loss: -ratio * advantage, slope: -ratio * advantage, ratio: ratio, isClipped: false)
  }
}
