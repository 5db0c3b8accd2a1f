// What learning from answers has in common: they are drawn from the network as it is and judged, shared out to updates, and
// each token counts what the slope of an objective says. Which objective, and how much better than expected an answer was,
// is said by the lessons of GRPO and PPO.

import ApusData

/// A lesson of answers to a step's prompts.
class PolicyLesson: Lesson {
  let configuration: TrainingConfiguration
  private let plan: PolicyLessonPlan
  private let options: TrainingEngineOptions
  private let player: PolicyPlayer
  /// Log-probabilities and values of the weights as they are; nil where those of the answers are all that is asked for.
  let forward: TrainingEngine?
  let reference: TrainingEngine?
  private let average: PolicyAverage

  private(set) var stepRows = 0
  /// The answers that teach something.
  private var rows: [PolicyRow] = []
  /// How many answers were judged for each that teaches, and tokens of them: silent ones count in means, too.
  private var judgedAnswers = 1.0
  private var judgedTokens = 1.0
  private var order = MinibatchOrder(count: 0, parts: 1, seed: 0, step: 0)
  var stepFigures: PolicyStepFigures
  /// The rows of an update with their weights, in micro-batches, and the update's loss.
  private var learned: [PolicyRow] = []
  private var batches = PolicyMicroBatches()
  private var updateLoss = 0.0

  /// - Parameter average: over what losses are averaged where the configuration leaves that open.
  init(_ run: LessonRun, _ plan: PolicyLessonPlan, average: PolicyAverage) throws {
    self.plan = plan
    configuration = run.configuration
    options = run.assembly.options
    player = try plan.shared.player(run)
    forward = PolicyLearning.needsForward(configuration) ? try run.forwardEngine() : nil
    reference = try plan.reference(run)
    self.average = configuration.policy.average ?? average
    stepFigures = PolicyStepFigures(configuration)
  }

  /// Sets the advantages of a step's judged answers, which have their log-probabilities by the reference if there is one.
  ///
  /// - Returns: by prompt, whether its answers' scores teach something.
  func rate(_ rows: inout [PolicyRow], groups: Int) -> [Bool] {
    preconditionFailure("a lesson says what answers are worth")
  }

  /// A token's loss, its slopes, and what is told of it.
  func token(_ row: PolicyRow, _ place: Int) -> PolicyToken {
    preconditionFailure("a lesson says what tokens cost")
  }

  final func begin(step: Int, cursor: Int, rows count: Int) throws {
    stepRows = count
    let prompts = plan.prompts(from: cursor, rows: count)
    let answers = try player.play(
      prompts, count: configuration.rollout.perPrompt, RolloutRandom(seed: configuration.seed, step: step))
    rows = answers.compactMap { answer in
      answer.reward.map {
        PolicyRow(prompt: prompts[answer.rollout.prompt].tokens, answer.rollout, reward: $0)
      }
    }
    if let reference {
      for (index, measured) in reference.measure(rows).enumerated() {
        rows[index].reference = measured.logProbabilities
      }
    }
    let judged = (answers: rows.count, tokens: rows.reduce(0) { $0 + $1.length })
    stepFigures = PolicyStepFigures(configuration)
    stepFigures.add(answers, teaching: rate(&rows, groups: count))
    // What nothing holds near the reference is only worth reading where it is better or worse than expected.
    if reference == nil {
      rows.removeAll { row in row.values.isEmpty && row.advantages.allSatisfy { $0 == 0 } }
    }
    judgedAnswers = Double(judged.answers) / Double(max(1, rows.count))
    judgedTokens = Double(judged.tokens) / Double(max(1, rows.reduce(0) { $0 + $1.length }))
    order = MinibatchOrder(
      count: rows.count, parts: configuration.policy.minibatches, seed: configuration.seed, step: step)
  }

  /// None where there is nothing to learn.
  final var updates: Int { configuration.policy.epochs * order.updatesPerEpoch }

  final func prepare(update: Int) throws {
    learned = order.rows(ofUpdate: update).map { rows[$0] }
    // The answers were drawn with the weights that the first update meets.
    if update > 0, let forward {
      for (index, measured) in forward.measure(learned).enumerated() {
        (learned[index].current, learned[index].values) = measured
      }
    }
    updateLoss = learned.weigh(
      average, longest: configuration.rollout.tokens, judgedAnswers: judgedAnswers, judgedTokens: judgedTokens
    ) { row, place in
      let token = token(row, place)
      stepFigures.add(token)
      return token
    }
    learned.removeAll { !$0.teaches }
    batches = PolicyMicroBatches(learned, options)
  }

  final var microBatches: Int { batches.ranges.count }

  /// The weights are those of a mean already.
  final var weight: Double { 1 }

  final func add(_ microBatch: Int, to engine: TrainingEngine, total: Double) {
    for row in learned[batches.ranges[microBatch]] { engine.add(row) }
  }

  /// The loss of the objective: the sum that the engine gives has its slopes, not its value.
  final func loss(_ outcome: StepOutcome) -> Double { outcome.isApplied ? updateLoss : outcome.loss }

  final var figures: [Figure] { stepFigures.figures }

  final func takeNotes() -> [String] { player.takeNotes() }
}
