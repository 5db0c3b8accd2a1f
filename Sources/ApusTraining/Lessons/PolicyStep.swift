// What is told of a step of answers beside its loss: rewards, lengths, and what the updates did.

/// Sums over a step.
struct PolicyStepFigures {
  private var rewards: [Double] = []
  private var answers = 0
  private var tokens = 0
  private var ended = 0
  private var groups = 0
  private var silent = 0
  /// Sums over the tokens of all updates.
  private var learned = 0
  private var ratio = 0.0
  private var clipped = 0
  private var valueLoss = 0.0
  /// Over the tokens of updates, or of answers where the divergence is a part of the reward.
  private var divergence = 0.0
  private var diverged = 0
  private let hasReference: Bool
  private let hasValues: Bool

  init(_ configuration: TrainingConfiguration) {
    hasReference = configuration.policy.kl > 0
    hasValues = configuration.objective == .ppo
  }

  /// Takes note of a step's answers.
  ///
  /// - Parameter teaching: by prompt, whether there is something to learn from the scores of its answers.
  mutating func add(_ judged: [JudgedRollout], teaching: [Bool]) {
    groups += teaching.count
    silent += teaching.count { !$0 }
    for answer in judged {
      answers += 1
      tokens += answer.rollout.tokens.count
      ended += answer.rollout.isEnded ? 1 : 0
      if let reward = answer.reward { rewards.append(reward) }
    }
  }

  /// Takes note of an answer's divergences.
  mutating func add(_ divergences: [Double]) {
    divergence += divergences.reduce(0, +)
    diverged += divergences.count
  }

  /// Takes note of a token of an update.
  mutating func add(_ token: PolicyToken) {
    learned += 1
    ratio += token.ratio
    clipped += token.isClipped ? 1 : 0
    valueLoss += token.valueLoss
    guard !hasValues else { return }
    divergence += token.divergence
    diverged += 1
  }

  /// Always the same names.
  var figures: [Figure] {
    func share(_ part: Double, _ whole: Int) -> Double { whole > 0 ? part / Double(whole) : 0 }
    let mean = share(rewards.reduce(0, +), rewards.count)
    let square = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    var figures = [
      Figure("reward", mean),
      Figure("reward deviation", share(square, rewards.count).squareRoot()),
    ]
    if hasReference { figures.append(Figure("kl", share(divergence, diverged))) }
    if hasValues { figures.append(Figure("value loss", share(valueLoss, learned))) }
    return figures + [
      // Before anything was learned every ratio is 1.
      Figure("ratio", learned > 0 ? ratio / Double(learned) : 1),
      Figure("clipped", share(Double(clipped), learned)),
      Figure("answer length", share(Double(tokens), answers)),
      Figure("ended", share(Double(ended), answers)),
      Figure("silent groups", share(Double(silent), groups)),
      Figure("not judged", share(Double(answers - rewards.count), answers)),
    ]
  }
}

/// What learning from answers needs of engines.
enum PolicyLearning {
  /// Whether the network is asked again what it makes of answers: after a step's first update their log-probabilities are
  /// others, and values are known by nobody else.
  static func needsForward(_ configuration: TrainingConfiguration) -> Bool {
    configuration.objective == .ppo || configuration.policy.epochs > 1 || configuration.policy.minibatches > 1
  }
}
