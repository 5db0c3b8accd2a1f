// The lesson of group relative policy optimisation: answers to a step's prompts, drawn from the network as it is, measured by
// the other answers to the same prompt. The objective itself is in Objectives/GRPO.swift.

import ApusData

/// Learns from groups of answers.
final class GRPOLesson: Lesson {
  private let plan: PolicyLessonPlan
  private let configuration: TrainingConfiguration
  private let options: TrainingEngineOptions
  private let player: PolicyPlayer
  /// Log-probabilities of the weights as they are, where a step makes several updates.
  private let forward: TrainingEngine?
  private let reference: TrainingEngine?
  private let objective: GRPO
  private let average: PolicyAverage

  private(set) var stepRows = 0
  /// The answers that teach something, and the advantage of each.
  private var rows: [PolicyRow] = []
  private var advantages: [Double] = []
  /// How many answers were judged for each that teaches, and tokens of them: silent ones count in means, too.
  private var judgedAnswers = 1.0
  private var judgedTokens = 1.0
  private var order = MinibatchOrder(count: 0, parts: 1, seed: 0, step: 0)
  private var stepFigures: PolicyStepFigures
  /// The rows of an update with their weights, in micro-batches, and the update's loss.
  private var learned: [PolicyRow] = []
  private var batches = PolicyMicroBatches(
    [], TrainingEngineOptions(tokens: 0, sequences: 0, contextLength: 0))
  private var updateLoss = 0.0

  init(_ run: LessonRun, _ plan: PolicyLessonPlan) throws {
    self.plan = plan
    configuration = run.configuration
    options = run.assembly.options
    player = try plan.shared.player(run)
    forward = PolicyLearning.needsForward(configuration) ? try run.forwardEngine() : nil
    let policy = configuration.policy
    reference = try plan.reference(run)
    objective = GRPO(
      PPO(clipLow: policy.clip, clipHigh: policy.clipHigh ?? policy.clip), kl: policy.kl,
      estimator: policy.klEstimator)
    average = policy.average ?? .answer
    stepFigures = PolicyStepFigures(hasReference: reference != nil)
  }

  func begin(step: Int, cursor: Int, rows count: Int) throws {
    stepRows = count
    let prompts = plan.prompts(from: cursor, rows: count)
    let size = configuration.rollout.perPrompt
    let answers = try player.play(
      prompts, count: size, RolloutRandom(seed: configuration.seed, step: step))
    (rows, advantages) = ([], [])
    stepFigures = PolicyStepFigures(hasReference: reference != nil)
    var judged = (answers: 0, tokens: 0)
    for (index, prompt) in prompts.enumerated() {
      let group = answers[index * size..<(index + 1) * size]
      let scored = group.compactMap { answer in answer.reward.map { (answer.rollout, $0) } }
      let own = GRPO.advantages(
        scored.map(\.1), isScaled: configuration.policy.advantage == .standardized)
      stepFigures.add(group: group, teaches: own.contains { $0 != 0 })
      judged.answers += scored.count
      judged.tokens += scored.reduce(0) { $0 + $1.0.tokens.count }
      for ((rollout, _), advantage) in zip(scored, own) where advantage != 0 || reference != nil {
        rows.append(PolicyRow(prompt: prompt.tokens, rollout))
        advantages.append(advantage)
      }
    }
    judgedAnswers = Double(judged.answers) / Double(max(1, rows.count))
    judgedTokens = Double(judged.tokens) / Double(max(1, rows.reduce(0) { $0 + $1.length }))
    order = MinibatchOrder(
      count: rows.count, parts: configuration.policy.minibatches, seed: configuration.seed, step: step)
    if let reference {
      for (index, values) in reference.logProbabilities(of: rows).enumerated() {
        rows[index].reference = values
      }
    }
  }

  /// None where no answer is better than another and nothing holds the policy.
  var updates: Int { configuration.policy.epochs * order.updatesPerEpoch }

  func prepare(update: Int) throws {
    let places = order.rows(ofUpdate: update)
    learned = places.map { rows[$0] }
    // The answers were drawn with the weights that the first update meets.
    if update > 0, let forward {
      for (index, values) in forward.logProbabilities(of: learned).enumerated() {
        learned[index].current = values
      }
    }
    updateLoss = 0
    let answers = judgedAnswers * Double(learned.count)
    let tokens = judgedTokens * Double(learned.reduce(0) { $0 + $1.length })
    for index in learned.indices {
      let weight = GRPO.tokenWeight(
        average, length: learned[index].length, answers: answers, tokens: tokens,
        longest: configuration.rollout.tokens)
      weigh(&learned[index], advantages[places[index]], weight)
    }
    learned.removeAll { !$0.teaches }
    batches = PolicyMicroBatches(learned, options)
  }

  /// Sets what each token of a row counts, and adds its loss.
  private func weigh(_ row: inout PolicyRow, _ advantage: Double, _ weight: Double) {
    for place in 0..<row.length {
      let (token, divergence) = objective.token(
        logProbability: row.current[place], old: row.old[place],
        reference: reference == nil ? nil : row.reference[place], advantage: advantage)
      stepFigures.add(token, divergence: divergence)
      updateLoss += weight * token.loss
      row.weights[row.start + place] = Float(-weight * token.slope)
    }
  }

  var microBatches: Int { batches.ranges.count }

  /// The weights are those of a mean already.
  var weight: Double { 1 }

  func add(_ microBatch: Int, to engine: TrainingEngine, total: Double) {
    for row in learned[batches.ranges[microBatch]] { engine.add(row) }
  }

  /// The loss of the objective: the sum that the engine gives has its slopes, not its value.
  func loss(_ outcome: StepOutcome) -> Double { outcome.isApplied ? updateLoss : outcome.loss }

  var figures: [Figure] { stepFigures.figures }

  func takeNotes() -> [String] { player.takeNotes() }
}
