// Everything a training run is told, as values. How the values are read from a file, what they may be and what each
// means in full stands in ConfigurationTable; what must hold between them in ConfigurationChecks.

/// The description of a training run.
///
///     var configuration = try TrainingConfiguration(path: "pretrain.json", settings: ["optimizer.learningRate=3e-4"])
///     configuration.threads = 2
///     try configuration.validate()
public struct TrainingConfiguration: Sendable, Equatable {
  /// What is learned.
  public var objective = TrainingObjective.pretrain
  /// The network.
  public var model = Model()
  /// What is trained in place of the network's own weights.
  public var adapter = Adapter()
  /// What it learns from.
  public var data = Data()
  /// How much of it a step sees.
  public var batch = Batch()
  /// How gradients become weights.
  public var optimizer = Optimizer()
  /// How the learning rate goes.
  public var schedule = Schedule()
  /// What is made small.
  public var loss = Loss()
  /// How preferences become losses.
  public var preference = Preference()
  /// What a policy is compared with.
  public var reference = Reference()
  /// The memory that may be taken.
  public var memory = Memory()
  /// What is measured on the way.
  public var evaluation = Evaluation()
  /// What is kept.
  public var checkpoint = Checkpoint()
  /// What is written down.
  public var log = Log()
  /// Optimiser steps of the run; one of `steps`, `tokens` and `epochs` is given.
  public var steps: Int?
  /// Tokens of the run.
  public var tokens: Int?
  /// Passes over the training data.
  public var epochs: Double?
  /// The numbers products are made of.
  public var precision = TrainingPrecision.f32
  /// Threads; nil for one per physical core.
  public var threads: Int?
  /// What all random numbers follow from.
  public var seed = 1
  /// What happens when a loss or gradient is not finite.
  public var nonFinite = NonFinitePolicy.stop
  /// Steps that may be skipped one after the other.
  public var skipLimit = 10

  /// A run with every default; it lacks what has none.
  public init() {}
}

extension TrainingConfiguration {
  /// The network: one of `architecture` with sizes, and `from`.
  public struct Model: Sendable, Equatable {
    /// The family of a network that begins with random weights.
    public var architecture: TrainedArchitecture?
    /// Rows of the embedding.
    public var vocabulary: Int?
    /// Transformer blocks.
    public var layers: Int?
    /// Width of the residual stream.
    public var hidden: Int?
    /// Query heads.
    public var heads: Int?
    /// Heads of keys and values.
    public var keyValueHeads: Int?
    /// Width of a head.
    public var headSize: Int?
    /// Inner width of the feed-forward layer.
    public var feedForward: Int?
    /// Positions the network is made for.
    public var context: Int?
    /// Whether the output matrix is the embedding.
    public var tiedEmbeddings: Bool?
    /// Base of the rotary frequencies.
    public var ropeTheta: Double?
    /// ε of the norms.
    public var normEpsilon: Double?
    /// How weights begin.
    public var initialization: WeightInitialization?
    /// The width at which the learning rate was found, for μP.
    public var mupBaseWidth: Int?
    /// A folder or GGUF file whose weights are trained further.
    public var from: String?
  }

  /// A low-rank adapter, with which no other weight is trained. There is no dropout.
  public struct Adapter: Sendable, Equatable {
    /// Rows of A and columns of B; nil trains the network's own weights.
    public var rank: Int?
    /// The change is alpha / rank · B A; nil for twice the rank.
    public var alpha: Double?
    /// The products that are changed.
    public var targets = ["all-linear"]
    /// Whether the change is alpha / √rank · B A.
    public var rslora = false
  }

  /// The texts.
  public struct Data: Sendable, Equatable {
    /// Files, shards or folders to learn from.
    public var train: [String] = []
    /// Files of conversations to learn from, for objective sft.
    public var conversations: [String] = []
    /// Files of preferences to learn from, for objectives reward, dpo, ipo, kto and simpo.
    public var preferences: [String] = []
    /// Files, shards or folders to evaluate on; files of what is learned from for other objectives than pretrain.
    public var validation: [String] = []
    /// A `tokenizer.json`, a folder that has one, or a GGUF file.
    public var tokenizer: String?
    /// A Jinja file that writes conversations down; nil for the model's own.
    public var chatTemplate: String?
    /// What begins the assistant's reasoning.
    public var reasoningBegin = "<think>"
    /// What ends it.
    public var reasoningEnd = "</think>"
    /// What happens to conversations longer than a sequence.
    public var tooLong = TooLongPolicy.skip
    /// The member of a JSONL line that holds the text.
    public var field = "text"
    /// How documents become sequences.
    public var mode = DataMode.stream
    /// Whether sequences come in random order.
    public var shuffle = true
    /// Broken lines to pass over before stopping.
    public var skipBad = 0
    /// What the order follows from; nil for the run's seed.
    public var seed: Int?
  }

  /// One optimiser step.
  public struct Batch: Sendable, Equatable {
    /// Sequences of a step.
    public var sequences = 32
    /// Tokens of a sequence.
    public var length = 1024
    /// Sequences that are in memory together; nil for as many as fit.
    public var micro: Int?
    /// How the batch grows in the beginning.
    public var ramp = Ramp()

    /// A batch that grows in equal pieces.
    public struct Ramp: Sendable, Equatable {
      /// Sequences of the first step.
      public var from: Int?
      /// Steps until all sequences are in use.
      public var steps: Int?
    }
  }

  /// The rule of the update.
  public struct Optimizer: Sendable, Equatable {
    /// Which rule.
    public var name = OptimizerName.adamw
    /// The highest learning rate.
    public var learningRate = 3e-4
    /// Decay of the mean of gradients.
    public var beta1 = 0.9
    /// Decay of the mean of their squares.
    public var beta2 = 0.95
    /// Added to the root of the second mean.
    public var epsilon = 1e-8
    /// Decoupled decay.
    public var weightDecay = 0.1
    /// Momentum of SGD and Muon.
    public var momentum = 0.95
    /// Nesterov's form of momentum.
    public var nesterov = true
    /// The largest norm of all gradients together; 0 for no limit.
    public var clip = 1.0
    /// Decay of the running mean of weights; 0 for none.
    public var ema = 0.0
    /// Whether norms and biases decay.
    public var decayNorms = false
    /// Whether embeddings decay.
    public var decayEmbeddings = true
    /// Learning rate of the matrices that Muon handles.
    public var muonLearningRate = 0.02
    /// Newton–Schulz steps of Muon.
    public var muonIterations = 5
  }

  /// The learning rate over the run.
  public struct Schedule: Sendable, Equatable {
    /// Its form.
    public var name = ScheduleName.cosine
    /// Steps from nothing to the highest learning rate.
    public var warmup: Int?
    /// Steps of the descent at the end, for wsd.
    public var decay: Int?
    /// What is left in the end, as a fraction of the highest.
    public var minimum = 0.1
  }

  /// What is minimised beside the cross-entropy.
  public struct Loss: Sendable, Equatable {
    /// Probability spread evenly over the vocabulary.
    public var labelSmoothing = 0.0
    /// Weight of the square of the log of the softmax's sum.
    public var zLoss = 0.0
    /// Weight of tokens that the assistant thinks.
    public var reasoning = 1.0
    /// Weight of tokens that it says.
    public var answer = 1.0
    /// Weight of all other tokens of a conversation.
    public var prompt = 0.0
  }

  /// The memory of the run.
  public struct Memory: Sendable, Equatable {
    /// The most it may take.
    public var limit = MemoryLimit.share(0.8)
    /// Which activations are computed twice.
    public var recompute = Recomputation.auto
  }

  /// Measurements on held-out text.
  public struct Evaluation: Sendable, Equatable {
    /// Steps from one to the next; 0 for none.
    public var every = 250
    /// Batches of one measurement; 0 for all there are.
    public var batches = 20
    /// Texts to generate.
    public var samples = 1
    /// What they begin with.
    public var prompt = ""
    /// Tokens of a text.
    public var sampleTokens = 64
  }

  /// Saving.
  public struct Checkpoint: Sendable, Equatable {
    /// The folder of the run.
    public var directory = "out"
    /// Steps from one to the next; 0 for one at the end only.
    public var every = 500
    /// Newest checkpoints that stay.
    public var keepLast = 2
    /// Best checkpoints that stay.
    public var keepBest = 1
    /// The numbers of the weights exported at the end.
    public var export = ExportFormat.f32
  }

  /// Records.
  public struct Log: Sendable, Equatable {
    /// Steps from one record to the next.
    public var every = 10
    /// Whether `log.jsonl` is written.
    public var jsonl = true
    /// Whether TensorBoard's files are written.
    public var tensorboard = true
    /// Whether `report.html` is written.
    public var html = true
  }
}
