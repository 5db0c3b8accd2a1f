// The network in training as a policy that answers: prompts in, judged answers out. Weights are packed anew before each use.

import ApusBasics
import ApusData
import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusText

/// The one player of a run: what learns and what measures take turns with it.
final class SharedPlayer {
  private let tokenizer: any Tokenizer
  private let ends: Set<Int32>
  let reward: any Reward
  private var player: PolicyPlayer?

  /// - Parameter ends: tokens that end an answer.
  init(_ tokenizer: any Tokenizer, ends: Set<Int32>, _ reward: any Reward) {
    self.tokenizer = tokenizer
    self.ends = ends
    self.reward = reward
  }

  /// The player, made when it is first needed.
  func player(_ run: LessonRun) throws -> PolicyPlayer {
    if let player { return player }
    try reward.prepare()
    let new = try PolicyPlayer(run, tokenizer, ends: ends, reward)
    player = new
    return new
  }
}

/// An answer and what was said of it.
struct JudgedRollout {
  var rollout: Rollout
  /// nil where it could not be judged.
  var reward: Double?
}

/// Answers prompts with the weights in training, and has the answers judged.
final class PolicyPlayer {
  private let weights: PolicyWeights
  private let generator: PolicyGenerator
  private let tokenizer: any Tokenizer
  private let reward: any Reward

  init(
    _ run: LessonRun, _ tokenizer: any Tokenizer, ends: Set<Int32>, _ reward: any Reward
  ) throws {
    let (network, configuration) = (run.assembly.network, run.configuration)
    let options = Self.engineOptions(configuration)
    let weights = try PolicyWeights(
      try network.graph(contextLength: options.contextLength), run.learner.engine.weights, run.runtime)
    let engine = try Engine(
      network, run.runtime, options, name: "policy", regions: [weights.region]
    ) { (reference, _) throws(ModelError) in try weights.parameter(reference) }
    generator = PolicyGenerator(engine, ends: ends, tokens: configuration.rollout.tokens)
    self.weights = weights
    self.tokenizer = tokenizer
    self.reward = reward
  }

  private static func engineOptions(_ configuration: TrainingConfiguration) -> EngineOptions {
    PolicyGenerator.engineOptions(
      contextLength: configuration.batch.length, answersAtOnce: configuration.rollout.atOnce,
      configuration.precision.keyValueFormat)
  }

  /// Bytes that a player takes beside the weights.
  static func byteCount(_ configuration: TrainingConfiguration, _ network: Network) throws -> Int {
    let options = engineOptions(configuration)
    let graph = try network.graph(contextLength: options.contextLength)
    let pages = options.pages(context: options.contextLength)
    return PolicyWeights.byteCount(graph, configuration.precision)
      + (try network.plan(options).memory.byteCount)
      + PagePool.byteCount(network.cacheLayout(options.keyValueFormat), capacity: pages)
  }

  /// `count` judged answers to each of the prompts, in order.
  ///
  /// - Throws: `InferenceError`, `RewardError`, and what a reward of the user's throws.
  func play(
    _ prompts: [EncodedPrompt], count: Int, temperature: Double = 1, _ random: RolloutRandom
  ) throws -> [JudgedRollout] {
    weights.refresh()
    let answers = try generator.answers(
      to: prompts.map(\.tokens), count: count, temperature: temperature, random)!
    let scores = try reward.scores(
      answers.map { answer in
        RolloutAnswer(
          prompt: prompts[answer.prompt].line, messages: prompts[answer.prompt].messages,
          text: tokenizer.text(answer.text),
          tokenCount: answer.tokens.count, isEnded: answer.isEnded)
      })
    return zip(answers, scores).map { JudgedRollout(rollout: $0, reward: $1) }
  }

  /// What the reward has put up with.
  func takeNotes() -> [String] { reward.takeNotes() }
}
