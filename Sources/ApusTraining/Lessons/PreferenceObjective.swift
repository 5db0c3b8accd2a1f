// Which loss rows of preferences have, and what there is to say of them.

import ApusData

/// One of the losses of preferences with its settings.
struct PreferenceObjective {
  private let objective: TrainingObjective
  private let settings: TrainingConfiguration.Preference
  private let beta: Double

  init(_ configuration: TrainingConfiguration) {
    objective = configuration.objective
    settings = configuration.preference
    beta = configuration.preferenceBeta
  }

  /// Sums of log p of a row's two sequences.
  struct Row {
    var policy: PairLogProbabilities
    var reference: PairLogProbabilities
    /// Tokens of the answers.
    var tokens: (chosen: Int, rejected: Int)
    /// Of a single answer.
    var isDesirable: Bool
  }

  /// What the rows of a step or of an evaluation come to.
  struct Outcome {
    /// The mean over the rows.
    var loss = 0.0
    var figures: [Figure] = []
  }

  /// The losses of rows, and the derivative of each by the two sums of log p.
  ///
  /// - Parameters:
  ///   - count: rows, at least one.
  ///   - slopes: two for a row; nil when nobody learns.
  func outcome(
    count: Int, slopes: UnsafeMutableBufferPointer<Double>?, _ row: (Int) -> Row
  ) -> Outcome {
    objective == .kto ? ofSingles(count, slopes, row) : ofPairs(count, slopes, row)
  }

  private func value(_ row: Row) -> ObjectiveValue<PairLogProbabilities> {
    switch objective {
    case .reward:
      let value = BradleyTerry.value(
        difference: row.policy.difference - settings.rewardMargin, labelSmoothing: settings.labelSmoothing)
      return ObjectiveValue(
        loss: value.loss, slopes: PairLogProbabilities(chosen: value.slopes, rejected: -value.slopes))
    case .ipo: return IPO.value(row.policy, reference: row.reference, beta: beta)
    case .simpo:
      return SimPO.value(
        row.policy, tokens: row.tokens, beta: beta, margin: settings.simpoMargin,
        labelSmoothing: settings.labelSmoothing)
    default:
      return DPO.value(
        row.policy, reference: row.reference, beta: beta, labelSmoothing: settings.labelSmoothing)
    }
  }

  /// What a policy is rewarded with for answers.
  private func rewards(_ row: Row) -> PairLogProbabilities {
    if objective == .reward { return row.policy }
    guard objective == .simpo else {
      let ratios = row.policy - row.reference
      return PairLogProbabilities(chosen: beta * ratios.chosen, rejected: beta * ratios.rejected)
    }
    return PairLogProbabilities(
      chosen: beta * row.policy.chosen / Double(row.tokens.chosen),
      rejected: beta * row.policy.rejected / Double(row.tokens.rejected))
  }

  private func ofPairs(
    _ count: Int, _ slopes: UnsafeMutableBufferPointer<Double>?, _ row: (Int) -> Row
  ) -> Outcome {
    var (loss, right) = (0.0, 0.0)
    var sum = PairLogProbabilities(chosen: 0, rejected: 0)
    for index in 0..<count {
      let row = row(index)
      let value = value(row)
      let rewards = rewards(row)
      loss += value.loss
      sum.chosen += rewards.chosen
      sum.rejected += rewards.rejected
      // Two that are the same are a guess: right half of the time.
      right += rewards.difference > 0 ? 1 : rewards.difference == 0 ? 0.5 : 0
      slopes?[2 * index] = value.slopes.chosen
      slopes?[2 * index + 1] = value.slopes.rejected
    }
    let rows = Double(count)
    return Outcome(
      loss: loss / rows,
      figures: [
        Figure("accuracy", right / rows), Figure("margin", sum.difference / rows),
        Figure("chosen reward", sum.chosen / rows), Figure("rejected reward", sum.rejected / rows),
      ])
  }

  private func ofSingles(
    _ count: Int, _ slopes: UnsafeMutableBufferPointer<Double>?, _ row: (Int) -> Row
  ) -> Outcome {
    let point = KTO.referencePoint(
      (0..<count).map { index in
        let row = row(index)
        return row.policy.rejected - row.reference.rejected
      })
    var (loss, right, margin) = (0.0, 0.0, 0.0)
    for index in 0..<count {
      let row = row(index)
      let value = KTO.value(
        row.policy.chosen, reference: row.reference.chosen, isDesirable: row.isDesirable,
        referencePoint: point, beta: beta,
        weight: row.isDesirable ? settings.desirableWeight : settings.undesirableWeight)
      let distance = beta * (row.policy.chosen - row.reference.chosen - point)
      let reward = row.isDesirable ? distance : -distance
      loss += value.loss
      margin += reward
      right += reward > 0 ? 1 : reward == 0 ? 0.5 : 0
      slopes?[2 * index] = value.slopes
      slopes?[2 * index + 1] = 0
    }
    let rows = Double(count)
    return Outcome(
      loss: loss / rows,
      figures: [
        Figure("accuracy", right / rows), Figure("margin", margin / rows), Figure("reference point", point),
      ])
  }
}
