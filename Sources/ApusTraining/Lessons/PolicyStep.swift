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
  private var divergence = 0.0
  private var hasReference: Bool

  init(hasReference: Bool) {
    self.hasReference = hasReference
  }

  /// Takes note of the answers to a prompt.
  ///
  /// - Parameter teaches: whether there is something to learn from their scores.
  mutating func add(group: ArraySlice<JudgedRollout>, teaches: Bool) {
    groups += 1
    silent += teaches ? 0 : 1
    for answer in group {
      answers += 1
      tokens += answer.rollout.tokens.count
      ended += answer.rollout.isEnded ? 1 : 0
      if let reward = answer.reward { rewards.append(reward) }
    }
  }

  /// Takes note of a token of an update.
  mutating func add(_ token: PPO.Token, divergence: Double) {
    learned += 1
    ratio += token.ratio
    clipped += token.isClipped ? 1 : 0
    self.divergence += divergence
  }

  /// Always the same names.
  var figures: [Figure] {
    func share(_ part: Double, _ whole: Int) -> Double { whole > 0 ? part / Double(whole) : 0 }
    let mean = share(rewards.reduce(0, +), rewards.count)
    let square = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return [
      Figure("reward", mean),
      Figure("reward deviation", share(square, rewards.count).squareRoot()),
    ] + (hasReference ? [Figure("kl", share(divergence, learned))] : []) + [
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
  /// Whether log-probabilities are asked for again: after a step's first update they are no longer those of the answers.
  static func needsForward(_ configuration: TrainingConfiguration) -> Bool {
    configuration.policy.epochs > 1 || configuration.policy.minibatches > 1
  }
}
