// How fast a policy answers and a reward model judges, timed on stand-ins of their weights.

import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTraining

/// Times answers of one network.
struct AnswerSpeed {
  let work: AnswerWork
  let runtime: Runtime
  let effort: Double

  /// Seconds for the answers of a step.
  ///
  /// Prompts are read one at a time; then as many answers as there is room for take a token in each step. How they take turns
  /// makes no difference to the sum.
  func rollouts(_ network: Network, _ configuration: TrainingConfiguration) throws -> Double {
    let together = min(configuration.rollout.atOnce, work.answers)
    let options = PolicyGenerator.engineOptions(
      contextLength: configuration.batch.length, answersAtOnce: together,
      configuration.precision.keyValueFormat)
    let plan = try network.plan(options)
    let meter = try StepMeter(
      plan, SyntheticParameters(plan.graph, runtime), layout: network.cacheLayout(options.keyValueFormat),
      positions: options.contextLength, sequences: together, runtime)
    func seconds(_ shape: StepShape) throws -> Double {
      var known: PhaseTimes = [:]
      return try meter.forecast(shape, known: &known, seconds: 0.3 * effort).seconds
    }
    let read = min(work.promptTokens, options.batchTokens)
    let prompt =
      try seconds(StepShape(tokens: read)) * Double(work.promptTokens) / Double(max(1, read))
    // In the middle of the answers. The first token of each is drawn from its prompt's step.
    let depth = min(work.promptTokens + work.answerTokens / 2, options.contextLength - 1)
    let token = try seconds(StepShape(sequences: together, tokens: 1, start: depth))
    let steps = Double(work.answers * (work.answerTokens - 1)) / Double(together)
    return Double(work.prompts) * prompt + steps * token
  }

  /// Seconds that a reward model takes for them.
  func judging(_ judge: RewardModelFiles) throws -> Double {
    let tokens = work.judgedTokens
    let (network, plan, capacity) = try judge.plan(tokens: tokens)
    let together = max(1, min(capacity / tokens, work.answers))
    let meter = try StepMeter(
      plan, SyntheticParameters(plan.graph, runtime), layout: Encoder.cacheLayout(network),
      positions: capacity, sequences: together, runtime)
    var known: PhaseTimes = [:]
    let step = try meter.forecast(
      StepShape(sequences: together, tokens: tokens), known: &known, seconds: 0.3 * effort)
    return step.seconds * Double(work.answers) / Double(together)
  }
}
