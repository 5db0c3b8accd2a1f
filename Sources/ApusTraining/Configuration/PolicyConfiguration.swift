// What a run that learns from its own answers is told: how it answers, who judges, how it learns from that. What the values
// may be stands in PolicyKeys.

extension TrainingConfiguration {
  /// How answers are made.
  public struct Rollout: Sendable, Equatable {
    /// Files of prompts.
    public var prompts: [String] = []
    /// Answers to each prompt of a step.
    public var perPrompt = 8
    /// The most tokens of an answer.
    public var tokens = 256
    /// Answers in the making at once.
    public var atOnce = 32
  }

  /// Who judges answers.
  public struct RewardSource: Sendable, Equatable {
    /// What judges; nil where a program gives a `Reward` of its own.
    public var kind: RewardKind?
    /// A model with a score head.
    public var model: String?
    /// A program for the shell.
    public var command: String?
    /// Seconds that the program may take for a step's answers.
    public var seconds = 60.0
    /// What happens when it fails.
    public var onFailure = RewardFailurePolicy.stop
  }

  /// How a policy learns from answers and their scores.
  public struct Policy: Sendable, Equatable {
    /// How far a token's probability may grow or fall before it teaches nothing more.
    public var clip = 0.2
    /// How far it may grow; nil for `clip`.
    public var clipHigh: Double?
    /// What the divergence from the reference costs.
    public var kl = 0.04
    /// How the divergence is estimated.
    public var klEstimator = KLEstimator.k3
    /// Passes over the answers of a step.
    public var epochs = 1
    /// Updates of a pass.
    public var minibatches = 1
    /// Over what losses are averaged; nil for answer with grpo, token with ppo.
    public var average: PolicyAverage?
    /// How advantages are brought to one size.
    public var advantage = AdvantageScale.standardized
    /// What later rewards count.
    public var gamma = 1.0
    /// How far advantages look ahead.
    public var lambda = 0.95
    /// What the loss of values counts.
    public var valueWeight = 0.1
    /// How far a value may move in a step's updates; 0 for any.
    public var valueClip = 0.2
  }
}

extension TrainingObjective {
  /// Whether the network learns from its own answers.
  var isPolicy: Bool { self == .grpo || self == .ppo }
}

extension TrainingConfiguration {
  /// What must hold where answers are learned from.
  func checkPolicy() throws(ConfigurationError) {
    guard model.from != nil else {
      throw .missing("model.from", reason: "a new network has nothing to say that could be judged")
    }
    guard rollout.tokens < batch.length else {
      throw .outOfRange(
        "rollout.tokens", value: "\(rollout.tokens)",
        allowed: "below batch.length, \(batch.length), which holds the prompt, too")
    }
    guard objective != .grpo || rollout.perPrompt > 1 else {
      throw .outOfRange(
        "rollout.perPrompt", value: "1", allowed: "2 or more for grpo, which compares answers to one prompt")
    }
    try checkReward()
    for (path, value) in [("loss.labelSmoothing", loss.labelSmoothing), ("loss.zLoss", loss.zLoss)]
    where value != 0 {
      throw .contradiction(path, "objective", reason: "\"\(objective.rawValue)\" has a loss of its own")
    }
  }

  private func checkReward() throws(ConfigurationError) {
    if reward.kind == .model, reward.onFailure == .retry {
      throw .contradiction(
        "reward.onFailure", "reward.kind",
        reason: "a model says the same when it is asked again; choose \"stop\" or \"skip\"")
    }
    for (path, kind, value) in [
      ("reward.command", RewardKind.command, reward.command), ("reward.model", .model, reward.model),
    ] {
      if reward.kind == kind, value?.contains(where: { !$0.isWhitespace }) != true {
        throw .missing(path, reason: "reward.kind is \(kind.rawValue)")
      }
      if reward.kind != kind, value != nil {
        throw .contradiction(path, "reward.kind", reason: "it is for kind \"\(kind.rawValue)\" only")
      }
    }
  }

  /// Keys that some objectives only read.
  static let policyUse: [(String, Set<TrainingObjective>)] = policyKeys.map { key in
    let isOfValues = ["policy.gamma", "policy.lambda", "policy.valueWeight", "policy.valueClip"].contains(
      key.path)
    return (key.path, isOfValues ? [.ppo] : [.grpo, .ppo])
  }

  /// What was set for policies but does nothing beside their other settings.
  func policyNotes(_ isSet: (String) -> Bool) -> [String] {
    guard objective.isPolicy else { return [] }
    var idle: [(paths: [String], reason: String)] = []
    if policy.kl == 0 { idle.append((["policy.klEstimator", "reference.from"], "while policy.kl is 0")) }
    if reward.kind != .command { idle.append((["reward.seconds"], "without reward.kind = command")) }
    if reward.kind != .command, reward.kind != .model {
      idle.append((["reward.onFailure"], "without reward.kind = command or model"))
    }
    return idle.flatMap { paths, reason in
      paths.filter(isSet).map { "\"\($0)\" does nothing \(reason)" }
    }
  }
}
