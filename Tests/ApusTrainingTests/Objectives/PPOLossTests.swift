// The whole loss of PPO, of policy and values, and its gradients against PyTorch. Its parts are tested in GRPOTests (the
// clipped objective) and AdvantageTests.

import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct PPOLossTests {
  @Test("losses and gradients are PyTorch's", arguments: ["ppo", "ppo-later", "ppo-plain"])
  func torch(_ name: String) throws {
    var fixture = try PolicyFixture(name, heads: .both)
    let objective = PPOLoss(fixture.policy)
    for (index, measured) in fixture.engine.measure(fixture.rows).enumerated() {
      (fixture.rows[index].current, fixture.rows[index].values) = measured
      guard fixture.isFirst else { continue }
      (fixture.rows[index].old, fixture.rows[index].oldValues) = measured
    }
    if fixture.policy.kl == 0 {
      for index in fixture.rows.indices { fixture.rows[index].reference = [] }
    }
    let divergences = objective.rate(&fixture.rows)
    #expect(divergences.joined().contains { $0 != 0 } == (fixture.policy.kl > 0))

    var rows = fixture.learned.map { fixture.rows[$0] }
    var (tokens, clipped, resting) = (0, 0, 0)
    let loss = rows.weigh(try #require(fixture.policy.average), longest: fixture.longest) { row, place in
      let token = objective.token(row, place)
      tokens += 1
      clipped += token.isClipped ? 1 : 0
      resting += token.valueSlope == 0 ? 1 : 0
      return token
    }
    try fixture.check(rows, loss: loss)
    // Each case is what it is there for.
    #expect((clipped > 0) == !fixture.isFirst && clipped < tokens)
    #expect((resting > 0) == (name == "ppo-later") && resting < tokens)
  }

  @Test("one case is what a run does that is told nothing")
  func defaults() throws {
    var policy = try PolicyFixture("ppo", heads: .both).policy
    #expect(policy.average == .token && policy.clipHigh == policy.clip)
    (policy.average, policy.clipHigh) = (nil, nil)
    #expect(policy == TrainingConfiguration.Policy())
  }
}
