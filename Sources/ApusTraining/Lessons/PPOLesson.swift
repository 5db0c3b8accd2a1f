// The lesson of proximal policy optimisation with values: a head of scores says what can be expected from each token on, and
// advantages are what came beyond that. The divergence from the reference is paid for token by token, as part of the reward.
// Schulman et al. 2017, arXiv:1707.06347; Ziegler et al. 2019, arXiv:1909.08593; Ouyang et al. 2022, arXiv:2203.02155.

/// Learns from answers by advantages over values.
final class PPOLesson: PolicyLesson {
  init(_ run: LessonRun, _ plan: PolicyLessonPlan) throws {
    try super.init(run, plan, average: .token)
  }

  override func rate(_ rows: inout [PolicyRow], groups: Int) -> [Bool] {
    let policy = configuration.policy
    var teaches = [Bool](repeating: false, count: groups)
    guard let forward else { preconditionFailure("values are asked for") }
    for (index, measured) in forward.measure(rows).enumerated() {
      (rows[index].oldValues, rows[index].values) = (measured.values, measured.values)
      teaches[rows[index].group] = true
    }
    var advantages = rows.map { row in
      let divergences = row.old.indices.map { place in
        row.reference.isEmpty
          ? 0
          : GRPO.divergence(
            policy.klEstimator, logProbability: row.old[place], reference: row.reference[place]
          ).value
      }
      stepFigures.add(divergences)
      return Advantages.generalized(
        rewards: Advantages.rewards(score: row.reward, divergence: divergences, beta: policy.kl),
        values: row.oldValues, gamma: policy.gamma, lambda: policy.lambda)
    }
    for index in rows.indices {
      rows[index].returns = zip(advantages[index], rows[index].oldValues).map { $0 + $1 }
    }
    if policy.advantage == .standardized { Advantages.normalize(&advantages) }
    for index in rows.indices { rows[index].advantages = advantages[index] }
    return teaches
  }

  override func token(_ row: PolicyRow, _ place: Int) -> PolicyToken {
    let policy = configuration.policy
    let token = surrogate.token(
      logProbability: row.current[place], old: row.old[place], advantage: row.advantages[place])
    let value = ValueLoss.value(
      row.values[place], old: row.oldValues[place], target: row.returns[place],
      clip: policy.valueClip > 0 ? policy.valueClip : nil)
    return PolicyToken(
      loss: token.loss + policy.valueWeight * value.loss, slope: token.slope,
      valueSlope: policy.valueWeight * value.slopes, ratio: token.ratio, isClipped: token.isClipped,
      valueLoss: value.loss)
  }
}
