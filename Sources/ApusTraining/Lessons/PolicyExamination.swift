// How well a policy answers prompts that it does not learn from: its likeliest answer to each, judged.

import ApusData

/// Answers held-out prompts greedily.
final class PolicyExamination: Examination {
  private let player: PolicyPlayer
  private let prompts: [EncodedPrompt]

  init(_ run: LessonRun, _ plan: PolicyLessonPlan) throws {
    player = try plan.shared.player(run)
    let (batches, rows) = (run.configuration.evaluation.batches, run.configuration.batch.sequences)
    let count = plan.corpus.prompts.count
    prompts = plan.prompts(from: 0, rows: batches > 0 ? min(count, batches * rows) : count)
  }

  /// The mean reward; the loss is its opposite, so that the least is the best.
  func measure(_ group: RankGroup) throws -> EvaluationRecord {
    // Nothing is drawn: the random numbers are of no account.
    let answers = try player.play(prompts, count: 1, temperature: 0, RolloutRandom(seed: 0, step: 0))
    let rewards = answers.compactMap(\.reward)
    let count = Double(max(1, answers.count))
    let mean = rewards.isEmpty ? 0 : rewards.reduce(0, +) / Double(rewards.count)
    var record = EvaluationRecord(loss: -mean)
    record.figures = [
      Figure("reward", mean),
      Figure("answer length", Double(answers.reduce(0) { $0 + $1.rollout.tokens.count }) / count),
      Figure("ended", Double(answers.count { $0.rollout.isEnded }) / count),
    ]
    return record
  }
}
