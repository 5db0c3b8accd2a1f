// The keys of runs that learn from their own answers, as ConfigurationTable has those of all others.

extension TrainingConfiguration {
  static let policyKeys: [ConfigurationKey] = [
    .init(
      "rollout.prompts", \.rollout.prompts, .paths,
      "JSONL with `prompt` or `messages` (also .gz and .zst); other members, such as `answer`, go to the reward. "
        + "`data.validation` are prompts, too, which are answered greedily. A step has `batch.sequences` prompts."
    ),
    .init(
      "rollout.perPrompt", \.rollout.perPrompt, .integer(1...4096),
      "Answers to each prompt of a step; grpo compares them."),
    .init(
      "rollout.tokens", \.rollout.tokens, .integer(1...1_048_576),
      "The most tokens of an answer; with its prompt it has room in `batch.length`."),
    .init(
      "rollout.atOnce", \.rollout.atOnce, .integer(1...4096),
      "Answers in the making at once: more are faster and take more memory. The result does not depend on it."
    ),
    .init(
      "reward.kind", \.reward.kind, .choice, orNull: "a reward that a program gives",
      "What judges: problems compares with the `answer` of the prompt's line, model asks a model with a score head, command "
        + "a program."),
    .init(
      "reward.model", \.reward.model, .text("a folder or GGUF file"), orNull: "none",
      "For kind model: what objective reward has trained. It reads answers with its own template and tokenizer, so it may be "
        + "of another family."),
    .init(
      "reward.command", \.reward.command, .text("a command for the shell"), orNull: "none",
      "For kind command: it reads a line of JSON for each answer, the prompt's with `completion` and `ended`, and writes a "
        + "line with a number, or with an object that has it as `reward`."),
    .init(
      "reward.seconds", \.reward.seconds, .number(.above(0)), mayChange: true,
      "For kind command: seconds for the answers of a step."),
    .init(
      "reward.onFailure", \.reward.onFailure, .choice, mayChange: true,
      "For kind command, when it dies, is too slow or writes no number: stop the run, retry once, or skip the answers. For "
        + "kind model, with answers longer than it takes: stop, or skip them."
    ),
    .init(
      "policy.clip", \.policy.clip, .number(.within(0...1)),
      "How far the ratio of a token's probability to that when it was drawn may be from 1."),
    .init(
      "policy.clipHigh", \.policy.clipHigh, .number(.atLeast(0)), orNull: "`policy.clip`",
      "How far it may be above 1."),
    .init(
      "policy.kl", \.policy.kl, .number(.atLeast(0)),
      "What the divergence from the model that the run began with costs; 0 for nothing, which spares that model's memory."
    ),
    .init(
      "policy.klEstimator", \.policy.klEstimator, .choice,
      "How the divergence of a token is estimated: k1 is log p − log q, k3 is q/p − log(q/p) − 1."),
    .init("policy.epochs", \.policy.epochs, .integer(1...1000), "Passes over the answers of a step."),
    .init(
      "policy.minibatches", \.policy.minibatches, .integer(1...1_000_000),
      "Updates of a pass, each with its share of the answers."),
    .init(
      "policy.average", \.policy.average, .choice, orNull: "answer for grpo, token for ppo",
      "Over what the losses of tokens are averaged: tokens of an answer and then answers, all tokens, or answers as if each "
        + "had `rollout.tokens`."),
    .init(
      "policy.advantage", \.policy.advantage, .choice,
      "Whether advantages are divided by their standard deviation, in grpo of the answers to a prompt, in ppo of a step."
    ),
    .init(
      "policy.gamma", \.policy.gamma, .number(.within(0...1)), "For ppo: what a reward counts a token before."
    ),
    .init(
      "policy.lambda", \.policy.lambda, .number(.within(0...1)),
      "For ppo: how far generalised advantages look ahead; 0 trusts the values, 1 the rewards."),
    .init(
      "policy.valueWeight", \.policy.valueWeight, .number(.atLeast(0)),
      "For ppo: what the squared error of values counts beside the loss of the policy."),
    .init(
      "policy.valueClip", \.policy.valueClip, .number(.atLeast(0)),
      "For ppo: how far a value may move away from what it was when the answer was made; 0 for any."),
  ]
}
