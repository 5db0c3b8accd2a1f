// Every key of a configuration, once: name, place, type, meaning. The reader, the JSON Schema, the help and the table in
// configs/README.md all follow from this list; a new key is a property in TrainingConfiguration and an entry here.

extension TrainingConfiguration {
  /// All keys, in the order in which they are shown and written.
  static let keys: [ConfigurationKey] =
    modelKeys + adapterKeys + dataKeys + batchKeys + optimizerKeys + scheduleKeys + lossKeys
    + preferenceKeys + memoryKeys + policyKeys + evaluationKeys + checkpointKeys + logKeys + runKeys

  /// Sections in the order shown, each with what it is about.
  static let sections: [(name: String, summary: String)] = [
    ("model", "The network: a new one by its sizes, or `from` a model that is there."),
    (
      "adapter",
      "A low-rank adapter that is trained in place of the weights of `model.from`; there is no dropout."
    ),
    ("data", "The texts it learns from."),
    ("batch", "What one optimiser step sees."),
    ("batch.ramp", "A batch that grows in the beginning; both keys or none."),
    ("optimizer", "How gradients become weights."),
    ("schedule", "How the learning rate goes over the run."),
    ("loss", "What is minimised beside the cross-entropy."),
    ("preference", "How preferences become losses."),
    (
      "reference",
      "The model that dpo, ipo and kto compare with, and that grpo and ppo stay near; it does not learn."
    ),
    ("memory", "The memory the run may take."),
    (
      "rollout",
      "How the answers are made that grpo and ppo learn from; each is drawn from the model as it is."
    ),
    ("reward", "Who says how good answers are."),
    ("policy", "How grpo and ppo learn from answers and their scores."),
    ("evaluation", "What is measured on the way."),
    ("checkpoint", "What is kept."),
    ("log", "What is written down; all of it lies in `checkpoint.directory`."),
    ("", "The run."),
  ]

  private static let modelKeys: [ConfigurationKey] = [
    .init(
      "model.architecture", \.model.architecture, .choice, orNull: "what `from` is",
      "Family of a new network; it begins with random weights."),
    .init(
      "model.vocabulary", \.model.vocabulary, .integer(2...4_194_304), orNull: "the tokenizer's size",
      "Rows of the embedding; no fewer than the tokenizer has pieces. A round number is a little faster."),
    .init(
      "model.layers", \.model.layers, .integer(1...4096), orNull: "from the model", "Transformer blocks."),
    .init(
      "model.hidden", \.model.hidden, .integer(1...1_048_576), orNull: "from the model",
      "Width of the residual stream."),
    .init(
      "model.heads", \.model.heads, .integer(1...65_536), orNull: "from the model",
      "Query heads of attention."),
    .init(
      "model.keyValueHeads", \.model.keyValueHeads, .integer(1...65_536), orNull: "as many as `heads`",
      "Heads of keys and values; query heads share them in groups."),
    .init(
      "model.headSize", \.model.headSize, .integer(2...512), orNull: "`hidden` / `heads`",
      "Width of one head, an even number."),
    .init(
      "model.feedForward", \.model.feedForward, .integer(1...4_194_304),
      orNull: "4 · `hidden` for gpt2, else 8/3 · `hidden` rounded up to a multiple of 64",
      "Inner width of the feed-forward layer."),
    .init(
      "model.context", \.model.context, .integer(1...16_777_216), orNull: "`batch.length`",
      "Positions the network is made for."),
    .init(
      "model.tiedEmbeddings", \.model.tiedEmbeddings, .flag,
      orNull: "true for gpt2, gemma2 and gemma3, else false",
      "Whether the output matrix is the embedding."),
    .init(
      "model.ropeTheta", \.model.ropeTheta, .number(.within(1...1e12)),
      orNull: "1000000 for qwen2, qwen3 and gemma3, else 10000",
      "Base of the rotary frequencies; gpt2 has none."),
    .init(
      "model.normEpsilon", \.model.normEpsilon, .number(.within(1e-12...1e-2)),
      orNull: "1e-06 for the Qwen and Gemma families, else 1e-05",
      "Number added under the root in every norm."),
    .init(
      "model.initialization", \.model.initialization, .choice, orNull: "gpt2 for gpt2, else llama",
      "How weights begin; mup also scales the learning rate of each matrix with its width."),
    .init(
      "model.mupBaseWidth", \.model.mupBaseWidth, .integer(1...1_048_576), orNull: "no μP",
      "For initialization mup: the `hidden` at which `optimizer.learningRate` was found."),
    .init(
      "model.from", \.model.from, .text("a folder or GGUF file"), orNull: "a new network",
      "Hugging Face folder or GGUF file whose weights are trained further; the other keys of `model` are then absent."
    ),
  ]

  private static let adapterKeys: [ConfigurationKey] = [
    .init(
      "adapter.rank", \.adapter.rank, .integer(1...65_536), orNull: "all weights are trained",
      "Rank of the change of each product; weights of `model.from` keep the format they have, also quantised ones."
    ),
    .init(
      "adapter.alpha", \.adapter.alpha, .number(.above(0)), orNull: "twice `rank`",
      "The change is alpha / rank · B A."),
    .init(
      "adapter.targets", \.adapter.targets, .names,
      "Products that are changed: all-linear for all but the head, or names such as q, k, v, o, gate, up, down."
    ),
    .init(
      "adapter.rslora", \.adapter.rslora, .flag, "Whether alpha is divided by the root of the rank instead."),
  ]

  private static let dataKeys: [ConfigurationKey] = [
    .init(
      "data.train", \.data.train, .paths,
      "For objective pretrain: text, JSONL (also .gz and .zst), token shards, or folders of them, to learn from."
    ),
    .init(
      "data.conversations", \.data.conversations, .paths,
      "For objective sft: JSONL with `messages` (also .gz and .zst) to learn from. They are packed side by side, and none "
        + "attends to another."),
    .init(
      "data.preferences", \.data.preferences, .paths,
      "For reward, dpo, ipo and simpo: JSONL with `prompt`, `chosen` and `rejected`, texts or messages; for kto with `prompt`, "
        + "`completion` and `label`."),
    .init(
      "data.validation", \.data.validation, .paths,
      "The same to evaluate on; nothing is learned from it. Of conversations the assistant's tokens are measured."
    ),
    .init(
      "data.tokenizer", \.data.tokenizer, .text("a path"), orNull: "the tokenizer of `model.from`",
      "A tokenizer.json, a folder that holds one, or a GGUF file."),
    .init(
      "data.chatTemplate", \.data.chatTemplate, .text("a Jinja file"),
      orNull: "the template of the tokenizer",
      "What writes conversations down in place of the model's own template; exported models have it."
    ),
    .init(
      "data.reasoningBegin", \.data.reasoningBegin, .text("a text"),
      "In conversations: what begins the assistant's reasoning."),
    .init(
      "data.reasoningEnd", \.data.reasoningEnd, .text("a text"), "What ends it."),
    .init(
      "data.tooLong", \.data.tooLong, .choice,
      "Whether a conversation, or an answer with its prompt, longer than `batch.length` is left out or loses its end; both are "
        + "counted."
    ),
    .init(
      "data.field", \.data.field, .text("a name"), "Member of a JSONL line that holds the text."),
    .init(
      "data.mode", \.data.mode, .choice,
      "stream cuts one endless row of tokens into sequences; documents packs whole documents, and none attends to another."
    ),
    .init(
      "data.shuffle", \.data.shuffle, .flag,
      "Whether sequences come in a random order, another one in each epoch."),
    .init(
      "data.skipBad", \.data.skipBad, .integer(0...unboundedCount), mayChange: true,
      "Broken lines that are passed over, and counted, before the run stops."),
    .init(
      "data.seed", \.data.seed, .integer(0...unboundedCount), orNull: "`seed`",
      "What the order of the data follows from."),
  ]

  private static let batchKeys: [ConfigurationKey] = [
    .init(
      "batch.sequences", \.batch.sequences, .integer(1...1_048_576),
      "Sequences of one optimiser step; of preferences pairs, or single answers."),
    .init("batch.length", \.batch.length, .integer(1...16_777_216), "Tokens of a sequence."),
    .init(
      "batch.micro", \.batch.micro, .integer(1...1_048_576), orNull: "as many as the memory allows",
      "Sequences that are in memory together; gradients of a step's micro-batches are summed."),
    .init(
      "batch.ramp.from", \.batch.ramp.from, .integer(1...1_048_576), orNull: "no ramp",
      "Sequences of the first step; a multiple of `batch.micro`."),
    .init(
      "batch.ramp.steps", \.batch.ramp.steps, .integer(1...unboundedCount), orNull: "no ramp",
      "Steps until `batch.sequences` is reached, in equal pieces."),
  ]

  private static let optimizerKeys: [ConfigurationKey] = [
    .init(
      "optimizer.name", \.optimizer.name, .choice,
      "The rule. muon is for matrices, with adamw for the rest; adamw8bit keeps its states in bytes."),
    .init(
      "optimizer.learningRate", \.optimizer.learningRate, .number(.within(0...100)),
      "The highest learning rate."),
    .init(
      "optimizer.beta1", \.optimizer.beta1, .number(.upTo(0..<1)), "Decay of the running mean of gradients."),
    .init(
      "optimizer.beta2", \.optimizer.beta2, .number(.upTo(0..<1)),
      "Decay of the running mean of squared gradients."),
    .init(
      "optimizer.epsilon", \.optimizer.epsilon, .number(.within(0...1)),
      "Number added to the root of the second mean."),
    .init(
      "optimizer.weightDecay", \.optimizer.weightDecay, .number(.within(0...10)),
      "Part of a weight, times the learning rate, that each step takes away."),
    .init("optimizer.momentum", \.optimizer.momentum, .number(.upTo(0..<1)), "Momentum of sgd and muon."),
    .init("optimizer.nesterov", \.optimizer.nesterov, .flag, "Whether that momentum looks ahead (Nesterov)."),
    .init(
      "optimizer.clip", \.optimizer.clip, .number(.atLeast(0)),
      "Largest norm of all gradients together; larger ones are scaled down. 0 clips nothing."),
    .init(
      "optimizer.ema", \.optimizer.ema, .number(.upTo(0..<1)),
      "Decay of a running mean of the weights that is saved and evaluated beside them; 0 keeps none."),
    .init("optimizer.decayNorms", \.optimizer.decayNorms, .flag, "Whether norms and biases decay, too."),
    .init("optimizer.decayEmbeddings", \.optimizer.decayEmbeddings, .flag, "Whether embeddings decay."),
    .init(
      "optimizer.muonLearningRate", \.optimizer.muonLearningRate, .number(.within(0...100)),
      "Highest learning rate of the matrices that muon handles."),
    .init(
      "optimizer.muonIterations", \.optimizer.muonIterations, .integer(1...20),
      "Newton–Schulz steps with which muon makes an update orthogonal."),
  ]

  private static let scheduleKeys: [ConfigurationKey] = [
    .init(
      "schedule.name", \.schedule.name, .choice,
      "Form of the descent. wsd stays at the top until the last `decay` steps."),
    .init(
      "schedule.warmup", \.schedule.warmup, .integer(0...unboundedCount), orNull: "a fiftieth of the run",
      "Steps in which the learning rate rises from zero."),
    .init(
      "schedule.decay", \.schedule.decay, .integer(0...unboundedCount),
      orNull: "a fifth of the run",
      "For wsd: steps of the descent at the end; linear and cosine go down over all steps after the warm-up."),
    .init(
      "schedule.minimum", \.schedule.minimum, .number(.within(0...1)),
      "What is left of the learning rate in the end, as a fraction."),
  ]

  private static let lossKeys: [ConfigurationKey] = [
    .init(
      "loss.labelSmoothing", \.loss.labelSmoothing, .number(.upTo(0..<1)),
      "Probability taken from the right token and spread evenly over the vocabulary."),
    .init(
      "loss.zLoss", \.loss.zLoss, .number(.within(0...1)),
      "Weight of (log Σ exp logits)², which keeps logits from drifting."),
    .init(
      "loss.reasoning", \.loss.reasoning, .number(.within(0...1000)),
      "For sft: weight of the tokens that the assistant thinks, tags included. A step's loss is divided by the weights of "
        + "all its tokens."),
    .init(
      "loss.answer", \.loss.answer, .number(.within(0...1000)),
      "For sft: weight of the tokens that it says, with the one that ends its turn."),
    .init(
      "loss.prompt", \.loss.prompt, .number(.within(0...1000)), "For sft: weight of all other tokens."),
  ]

  private static let memoryKeys: [ConfigurationKey] = [
    .init(
      "memory.limit", \.memory.limit, .memory, mayChange: true,
      "The most memory the run may take, of what the machine and its control group allow or in bytes; "
        + "predicted before the start."),
    .init(
      "memory.recompute", \.memory.recompute, .choice, mayChange: true,
      "Activations that are computed a second time in the backward pass; auto chooses as few as fit the limit. "
        + "The result is the same to the bit."),
  ]

  private static let evaluationKeys: [ConfigurationKey] = [
    .init(
      "evaluation.every", \.evaluation.every, .integer(0...unboundedCount), mayChange: true,
      "Steps from one evaluation to the next; 0 for none."),
    .init(
      "evaluation.batches", \.evaluation.batches, .integer(0...unboundedCount), mayChange: true,
      "Batches of validation data in one evaluation, always the same; 0 for all."),
    .init(
      "evaluation.samples", \.evaluation.samples, .integer(0...1000), mayChange: true,
      "Texts generated at each evaluation."),
    .init(
      "evaluation.prompt", \.evaluation.prompt, .text("any text", allowsEmpty: true), mayChange: true,
      "What these texts begin with; for all objectives but pretrain a user's message, which they answer."),
    .init(
      "evaluation.sampleTokens", \.evaluation.sampleTokens, .integer(1...1_000_000), mayChange: true,
      "Tokens of each text."),
  ]

  private static let checkpointKeys: [ConfigurationKey] = [
    .init(
      "checkpoint.directory", \.checkpoint.directory, .text("a path"), mayChange: true,
      "Folder of the run: checkpoints, records, the exported model."),
    .init(
      "checkpoint.every", \.checkpoint.every, .integer(0...unboundedCount), mayChange: true,
      "Steps from one checkpoint to the next; 0 saves at the end and on a signal only."),
    .init(
      "checkpoint.keepLast", \.checkpoint.keepLast, .integer(1...1_000_000), mayChange: true,
      "Newest checkpoints that stay."),
    .init(
      "checkpoint.keepBest", \.checkpoint.keepBest, .integer(0...1_000_000), mayChange: true,
      "Checkpoints with the lowest validation loss that stay beside them."),
    .init(
      "checkpoint.export", \.checkpoint.export, .choice, mayChange: true,
      "Numbers of the weights exported at the end; checkpoints hold f32."),
  ]

  private static let logKeys: [ConfigurationKey] = [
    .init(
      "log.every", \.log.every, .integer(1...unboundedCount), mayChange: true,
      "Steps from one record to the next."),
    .init(
      "log.jsonl", \.log.jsonl, .flag, mayChange: true, "Whether log.jsonl is written, a JSON object a line."),
    .init(
      "log.tensorboard", \.log.tensorboard, .flag, mayChange: true,
      "Whether event files for TensorBoard are written."),
    .init(
      "log.html", \.log.html, .flag, mayChange: true, "Whether report.html is written, at each evaluation."),
  ]

  private static let runKeys: [ConfigurationKey] = [
    .init(
      "objective", \.objective, .choice,
      "What is learned: pretrain every token of texts, sft what the assistant says in conversations; dpo, ipo, simpo and kto "
        + "which answers are better, and reward the same as a score of each; grpo and ppo what scores well among answers of the "
        + "model's own."),
    .init(
      "steps", \.steps, .integer(1...unboundedCount), orNull: "by `tokens` or `epochs`", mayChange: true,
      "Optimiser steps of the whole run. Exactly one of `steps`, `tokens` and `epochs` is given."),
    .init(
      "tokens", \.tokens, .integer(1...unboundedCount), orNull: "by `steps` or `epochs`", mayChange: true,
      "Training tokens of the whole run, rounded up to whole steps."),
    .init(
      "epochs", \.epochs, .number(.above(0)), orNull: "by `steps` or `tokens`", mayChange: true,
      "Passes over the training data, rounded up to whole steps."),
    .init(
      "precision", \.precision, .choice,
      "Numbers that products are made of; master weights, sums and optimiser states are f32 in either. With an adapter keys and values only: weights decide of themselves."
    ),
    .init(
      "threads", \.threads, .integer(1...4096), orNull: "one per physical core", mayChange: true,
      "Threads; the result does not depend on them."),
    .init(
      "seed", \.seed, .integer(0...unboundedCount), "What first weights, order and sampling follow from."),
    .init(
      "nonFinite", \.nonFinite, .choice, mayChange: true,
      "Whether a loss or gradient that is not finite stops the run or the step is skipped."),
    .init(
      "skipLimit", \.skipLimit, .integer(1...1_000_000), mayChange: true,
      "Steps that may be skipped one after the other before the run stops all the same."),
  ]
}
