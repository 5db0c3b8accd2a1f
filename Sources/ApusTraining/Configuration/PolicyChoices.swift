// The words that configurations of policies choose from.

/// What estimates how far a policy is from its reference.
public enum KLEstimator: String, ConfigurationChoice {
  /// log p − log q: unbiased, may be negative.
  case k1
  /// q/p − log(q/p) − 1: unbiased, never negative, less noisy.
  case k3
}

/// Over what the losses of tokens are averaged.
public enum PolicyAverage: String, ConfigurationChoice {
  /// Over the tokens of each answer, then over answers.
  case answer
  /// Over all tokens: long answers count more.
  case token
  /// Over answers as if each had as many tokens as one may have.
  case longest
}

/// How rewards of a group, or advantages of a step, are brought to one size.
public enum AdvantageScale: String, ConfigurationChoice {
  /// Less their mean, divided by their standard deviation.
  case standardized
  /// GRPO: less their mean only. PPO: as they are.
  case plain
}

/// What says how good an answer is.
public enum RewardKind: String, ConfigurationChoice {
  /// The answer that stands with the problem: 1 for right, 0 for wrong.
  case problems
  /// A model with a score head.
  case model
  /// A program that reads answers and writes numbers.
  case command
}

/// What happens when answers cannot be judged.
public enum RewardFailurePolicy: String, ConfigurationChoice {
  /// The run ends with an error; its last checkpoint stays.
  case stop
  /// The program is started again and asked once more; then the run ends.
  case retry
  /// The answers teach nothing.
  case skip
}
