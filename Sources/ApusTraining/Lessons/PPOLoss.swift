// Proximal policy optimisation with values, of answers that are drawn, judged and measured: what they are worth, and what
// their tokens cost. Schulman et al. 2017, arXiv:1707.06347; Ziegler et al. 2019, arXiv:1909.08593; Ouyang et al. 2022,
// arXiv:2203.02155. Who draws and measures them is in PPOLesson.swift.

/// Advantages over values, and the loss of policy and values together.
struct PPOLoss {
  private let policy: TrainingConfiguration.Policy
  private let surrogate: PPO

  init(_ policy: TrainingConfiguration.Policy) {
    self.policy = policy
    surrogate = PPO(policy)
  }

  /// Sets the advantages and returns of a step's answers, which have their log-probabilities and values of when they were
  /// drawn, and those of the reference if there is one.
  ///
  /// - Returns: the divergence from the reference of each answer's tokens, which was paid for.
  func rate(_ rows: inout [PolicyRow]) -> [[Double]] {
    let divergences = rows.map { row in
      row.old.indices.map { place in
        row.reference.isEmpty
          ? 0
          : GRPO.divergence(
            policy.klEstimator, logProbability: row.old[place], reference: row.reference[place]
          ).value
      }
    }
    var advantages = zip(rows, divergences).map { row, divergence in
      Advantages.generalized(
        rewards: Advantages.rewards(score: row.reward, divergence: divergence, beta: policy.kl),
        values: row.oldValues, gamma: policy.gamma, lambda: policy.lambda)
    }
    for index in rows.indices {
      rows[index].returns = zip(advantages[index], rows[index].oldValues).map { $0 + $1 }
    }
    if policy.advantage == .standardized { Advantages.normalize(&advantages) }
    for index in rows.indices { rows[index].advantages = advantages[index] }
    return divergences
  }

  /// The loss of a token and its slopes, by its log-probability and its value as they are.
  func token(_ row: PolicyRow, _ place: Int) -> PolicyToken {
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
