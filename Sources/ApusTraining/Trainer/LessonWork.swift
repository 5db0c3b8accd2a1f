// What a step of a run is made of, counted before it begins: what its time is predicted from.

import ApusInference

/// The work of a step, in tokens of the networks that read them.
package struct LessonWork: Sendable {
  /// Read forward and backward, in all updates together.
  package var learned: Double
  /// Read by the network that learns without a way back.
  package var measured = 0.0
  /// Read by a reference, and the same once before the first step.
  package var compared = 0.0
  package var comparedBefore = 0.0
  /// Updates of the weights.
  package var updates = 1.0
  /// What is drawn and judged.
  package var answers: AnswerWork?

  /// A step of texts that fill their rows.
  package init(_ configuration: TrainingConfiguration) {
    learned = Double(configuration.batch.sequences * configuration.batch.length)
  }
}

/// The answers of a step.
package struct AnswerWork: Sendable {
  package var prompts: Int
  /// Tokens of a prompt, on average.
  package var promptTokens: Int
  package var answers: Int
  /// Tokens of an answer: as many as it may have, for how many it will have is not known.
  package var answerTokens: Int
  /// What judges, if it is a model, and tokens that it makes of a prompt with its answer.
  package var judge: RewardModelFiles?
  package var judgedTokens = 0
}

extension LessonPlan {
  func work(_ configuration: TrainingConfiguration) -> LessonWork { LessonWork(configuration) }
}

extension PreferenceLessonPlan {
  /// All sequences are read once to know what they are worth; of single answers only their own are learned from.
  func work(_ configuration: TrainingConfiguration) -> LessonWork {
    var work = LessonWork(configuration)
    work.measured = Double(configuration.batch.sequences) * Double(tokenCount) / Double(max(1, rowsPerEpoch))
    work.learned = configuration.objective == .kto ? work.measured / 2 : work.measured
    work.comparedBefore = configuration.objective.hasReference ? Double(tokenCount) : 0
    return work
  }
}

extension PolicyLessonPlan {
  func work(_ configuration: TrainingConfiguration) -> LessonWork {
    let (policy, rollout) = (configuration.policy, configuration.rollout)
    let prompt = tokenCount / max(1, rowsPerEpoch)
    var answers = AnswerWork(
      prompts: configuration.batch.sequences, promptTokens: prompt,
      answers: configuration.batch.sequences * rollout.perPrompt,
      answerTokens: min(rollout.tokens, configuration.batch.length - prompt + 1))
    if let judge = (shared.reward as? ModelReward)?.files {
      (answers.judge, answers.judgedTokens) = (judge, judgedTokens(answers, judge))
    }
    let read = Double(answers.answers * (answers.promptTokens + answers.answerTokens - 1))
    var work = LessonWork(configuration)
    work.answers = answers
    work.learned = read * Double(policy.epochs)
    // The first update needs no pass of its own, but values are known by nobody else.
    work.measured = read * (Double(policy.epochs) - 1 / Double(policy.minibatches))
    if configuration.objective == .ppo { work.measured += read }
    work.compared = policy.kl > 0 ? read : 0
    work.updates = Double(policy.epochs * policy.minibatches)
    return work
  }

  /// Prompts that tell how many tokens a judge makes of what is one to the policy.
  private static let sample = 64

  private func judgedTokens(_ work: AnswerWork, _ judge: RewardModelFiles) -> Int {
    var (own, judged) = (0, 0)
    for prompt in corpus.prompts.prefix(Self.sample) {
      guard let tokens = try? judge.tokens(prompt.messages, tools: prompt.line["tools"]) else { continue }
      own += prompt.tokens.count
      judged += tokens.count
    }
    let ratio = own > 0 ? Double(judged) / Double(own) : 1
    let tokens = Int((ratio * Double(work.promptTokens + work.answerTokens)).rounded())
    return min(max(1, tokens), judge.contextLength)
  }
}
