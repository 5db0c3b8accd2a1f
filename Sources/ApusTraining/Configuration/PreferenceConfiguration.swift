// What learning from preferences is told: the settings, their keys, and what must hold between them.

extension TrainingConfiguration {
  /// How preferences become losses.
  public struct Preference: Sendable, Equatable {
    /// What differences of log p are multiplied with; nil for the objective's own.
    public var beta: Double?
    /// The share of pairs that are taken to be the wrong way round.
    public var labelSmoothing = 0.0
    /// The difference of scores that reward aims at.
    public var rewardMargin = 0.0
    /// The difference that simpo aims at.
    public var simpoMargin = 1.0
    /// What a good answer counts in kto.
    public var desirableWeight = 1.0
    /// What a bad one counts.
    public var undesirableWeight = 1.0
  }

  /// What the policy is compared with.
  public struct Reference: Sendable, Equatable {
    /// A folder or GGUF file; nil for the model that the run began with.
    public var from: String?
  }

  /// `preference.beta`, or what stands for null.
  var preferenceBeta: Double { preference.beta ?? (objective == .simpo ? 2 : 0.1) }

  static let preferenceKeys: [ConfigurationKey] = [
    .init(
      "preference.beta", \.preference.beta, .number(.above(0)), orNull: "2 for simpo, else 0.1",
      "What differences of log-probabilities are multiplied with: a larger one keeps the model nearer to the reference."
    ),
    .init(
      "preference.labelSmoothing", \.preference.labelSmoothing, .number(.upTo(0..<0.5)),
      "For reward, dpo and simpo: the share of pairs that are taken to be the wrong way round."),
    .init(
      "preference.rewardMargin", \.preference.rewardMargin, .number(.atLeast(0)),
      "For reward: what is taken off the difference of the scores before it counts."),
    .init(
      "preference.simpoMargin", \.preference.simpoMargin, .number(.atLeast(0)),
      "For simpo: the difference that is aimed at (γ of the paper)."),
    .init(
      "preference.desirableWeight", \.preference.desirableWeight, .number(.atLeast(0)),
      "For kto: what a good answer counts."),
    .init(
      "preference.undesirableWeight", \.preference.undesirableWeight, .number(.atLeast(0)),
      "For kto: what a bad answer counts."),
    .init(
      "reference.from", \.reference.from, .text("a folder or GGUF file"), orNull: "`model.from`",
      "Model with the same tokenizer whose log-probabilities of all answers are computed once, before the first step."
    ),
  ]

  func checkPreference() throws(ConfigurationError) {
    guard model.from != nil else {
      throw .missing("model.from", reason: "preferences are learned by a model that can answer")
    }
    for (path, value) in [("loss.labelSmoothing", loss.labelSmoothing), ("loss.zLoss", loss.zLoss)]
    where value != 0 {
      throw .contradiction(
        path, "objective", reason: "the loss of \"\(objective.rawValue)\" is one of answers, not of tokens")
    }
    if objective == .reward, adapter.rank != nil {
      throw .contradiction(
        "adapter.rank", "objective",
        reason: "an adapter's files have no place for the head of scores; train all weights of a reward model"
      )
    }
    if objective == .kto, preference.desirableWeight + preference.undesirableWeight <= 0 {
      throw .contradiction(
        "preference.desirableWeight", "preference.undesirableWeight",
        reason: "no answer counts; one weight must be above 0")
    }
  }
}
