// The lesson of group relative policy optimisation: answers are measured by the other answers to the same prompt. The
// objective itself is in Objectives/GRPO.swift.

/// Learns from groups of answers.
final class GRPOLesson: PolicyLesson {
  private let objective: GRPO

  init(_ run: LessonRun, _ plan: PolicyLessonPlan) throws {
    let policy = run.configuration.policy
    objective = GRPO(PPO(policy), kl: policy.kl, estimator: policy.klEstimator)
    try super.init(run, plan, average: .answer)
  }

  override func rate(_ rows: inout [PolicyRow], groups: Int) -> [Bool] {
    var teaches = [Bool](repeating: false, count: groups)
    var start = 0
    while start < rows.count {
      let group = rows[start].group
      let end = rows[start...].firstIndex { $0.group != group } ?? rows.count
      let advantages = GRPO.advantages(
        rows[start..<end].map(\.reward), isScaled: configuration.policy.advantage == .standardized)
      for (index, advantage) in zip(start..<end, advantages) {
        rows[index].advantages = Array(repeating: advantage, count: rows[index].length)
        if advantage != 0 { teaches[group] = true }
      }
      start = end
    }
    return teaches
  }

  override func token(_ row: PolicyRow, _ place: Int) -> PolicyToken {
    let (token, divergence) = objective.token(
      logProbability: row.current[place], old: row.old[place],
      reference: row.reference.isEmpty ? nil : row.reference[place], advantage: row.advantages[place])
    return PolicyToken(
      loss: token.loss, slope: token.slope, ratio: token.ratio, isClipped: token.isClipped,
      divergence: divergence)
  }
}
