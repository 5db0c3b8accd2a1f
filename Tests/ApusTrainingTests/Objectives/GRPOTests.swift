// Losses of policies against PyTorch, their slopes against finite differences, and by hand.

import ApusTestSupport
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// e to the x.
func exponential(_ x: Double) -> Double { exp(x) }

@Suite struct GRPOTests {
  @Test("advantages are what is above the group's mean")
  func advantages() {
    #expect(GRPO.advantages([1, 3], isScaled: false) == [-1, 1])
    let scaled = GRPO.advantages([1, 3])
    #expect(abs(scaled[1] - 1 / (2.0.squareRoot() + 1e-4)) < 1e-12 && scaled[0] == -scaled[1])
    for rewards in [[], [5], [2, 2, 2], [0.1, 0.1]] {
      #expect(GRPO.advantages(rewards).allSatisfy { $0 == 0 }, "\(rewards)")
    }
  }

  @Test(
    "what is clipped teaches nothing",
    arguments: [(1.0, 1.3, true), (1.0, 0.7, false), (-1.0, 0.7, true), (-1.0, 1.3, false)])
  func clipping(_ advantage: Double, _ ratio: Double, _ isClipped: Bool) {
    let token = PPO(clipLow: 0.2, clipHigh: 0.2).token(
      logProbability: log(ratio) - 1, old: -1, advantage: advantage)
    #expect(token.isClipped == isClipped && (token.slope == 0) == isClipped)
    #expect(abs(token.ratio - ratio) < 1e-12)
    let bound = isClipped ? (advantage > 0 ? 1.2 : 0.8) : ratio
    #expect(abs(token.loss + bound * advantage) < 1e-12)
  }

  @Test("slopes are those of the losses", arguments: KLEstimator.allCases, [-1.5, 0, 0.7])
  func slopes(_ estimator: KLEstimator, _ advantage: Double) {
    let objective = GRPO(PPO(clipLow: 0.2, clipHigh: 0.3), kl: 0.25, estimator: estimator)
    for (old, reference) in [(-1.0, -2.0), (-3.0, -0.5), (-1.55, -1.5)] {
      for logProbability in [-3.0, -1.6, -1.2, -0.1] {
        func loss(_ x: Double) -> Double {
          objective.token(logProbability: x, old: old, reference: reference, advantage: advantage).token.loss
        }
        let slope = objective.token(
          logProbability: logProbability, old: old, reference: reference, advantage: advantage
        ).token.slope
        let h = 1e-6
        let difference = (loss(logProbability + h) - loss(logProbability - h)) / (2 * h)
        #expect(abs(slope - difference) < 1e-6 * max(1, abs(slope)), "\(old) \(reference) \(logProbability)")
      }
    }
  }

  @Test("a token that was given up does not make numbers that are none")
  func extremes() {
    let objective = GRPO(PPO(clipLow: 0.2, clipHigh: 0.2), kl: 0.1)
    for (new, old, reference) in [(-900.0, -1.0, -1.0), (-1.0, -900.0, -900.0), (0.0, 0.0, 0.0)] {
      for advantage in [-2.0, 2.0] {
        let (token, kl) = objective.token(
          logProbability: new, old: old, reference: reference, advantage: advantage)
        #expect(token.loss.isFinite && token.slope.isFinite && kl.isFinite && kl >= 0)
      }
    }
  }

  @Test("losses and gradients are PyTorch's", arguments: ["grpo", "grpo-token", "grpo-longest"])
  func torch(_ name: String) throws {
    var fixture = try PolicyFixture(name)
    let policy = fixture.policy
    for (index, measured) in fixture.engine.measure(fixture.rows).enumerated() {
      fixture.rows[index].current = measured.logProbabilities
    }
    for group in stride(from: 0, to: fixture.rows.count, by: 3) {
      let advantages = GRPO.advantages(
        fixture.rows[group..<group + 3].map(\.reward), isScaled: policy.advantage == .standardized)
      for (index, advantage) in zip(group..., advantages) {
        fixture.rows[index].advantages = Array(repeating: advantage, count: fixture.rows[index].length)
      }
    }
    let objective = GRPO(PPO(policy), kl: policy.kl, estimator: policy.klEstimator)
    var clipped = 0
    var rows = fixture.rows
    let loss = rows.weigh(try #require(policy.average), longest: fixture.longest) { row, place in
      let (token, _) = objective.token(
        logProbability: row.current[place], old: row.old[place], reference: row.reference[place],
        advantage: row.advantages[place])
      clipped += token.isClipped ? 1 : 0
      return PolicyToken(
        loss: token.loss, slope: token.slope, ratio: token.ratio, isClipped: token.isClipped)
    }
    #expect(clipped > 0)
    try fixture.check(rows, loss: loss)
  }
}
