// The lesson of proximal policy optimisation with values: a head of scores says what can be expected from each token on, and
// advantages are what came beyond that. The divergence from the reference is paid for token by token, as part of the reward.
// What that comes to is in PPOLoss.swift.

/// Learns from answers by advantages over values.
final class PPOLesson: PolicyLesson {
  private let objective: PPOLoss

  init(_ run: LessonRun, _ plan: PolicyLessonPlan) throws {
    objective = PPOLoss(run.configuration.policy)
    try super.init(run, plan, average: .token)
  }

  override func rate(_ rows: inout [PolicyRow], groups: Int) -> [Bool] {
    var teaches = [Bool](repeating: false, count: groups)
    guard let forward else { preconditionFailure("values are asked for") }
    for (index, measured) in forward.measure(rows).enumerated() {
      (rows[index].oldValues, rows[index].values) = (measured.values, measured.values)
      teaches[rows[index].group] = true
    }
    for divergences in objective.rate(&rows) { stepFigures.add(divergences) }
    return teaches
  }

  override func token(_ row: PolicyRow, _ place: Int) -> PolicyToken { objective.token(row, place) }
}
