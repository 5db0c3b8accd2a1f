// What `null` stands for where other keys decide it: the sizes of a new network, the steps of a schedule.

extension TrainingConfiguration.Model {
  /// The sizes of a new network with nothing left open.
  public struct Sizes: Sendable, Equatable {
    /// The family.
    public var architecture: TrainedArchitecture
    /// Transformer blocks.
    public var layers: Int
    /// Width of the residual stream.
    public var hidden: Int
    /// Query heads.
    public var heads: Int
    /// Heads of keys and values.
    public var keyValueHeads: Int
    /// Width of a head.
    public var headSize: Int
    /// Inner width of the feed-forward layer.
    public var feedForward: Int
    /// Whether the output matrix is the embedding.
    public var tiedEmbeddings: Bool
    /// Base of the rotary frequencies.
    public var ropeTheta: Double
    /// ε of the norms.
    public var normEpsilon: Double
    /// How weights begin.
    public var initialization: WeightInitialization
  }

  /// The sizes of a new network; nil when the model comes `from` somewhere or a size that is needed lacks.
  public var sizes: Sizes? {
    guard from == nil, let architecture, let layers, let hidden, let heads else { return nil }
    let isGPT2 = architecture == .gpt2
    let isGemma = architecture == .gemma2 || architecture == .gemma3
    let isQwen = architecture == .qwen2 || architecture == .qwen3
    return Sizes(
      architecture: architecture, layers: layers, hidden: hidden, heads: heads,
      keyValueHeads: keyValueHeads ?? heads,
      headSize: headSize ?? hidden / heads,
      feedForward: feedForward ?? (isGPT2 ? 4 * hidden : (8 * hidden + 191) / 192 * 64),
      tiedEmbeddings: tiedEmbeddings ?? (isGPT2 || isGemma),
      ropeTheta: ropeTheta ?? (isQwen || architecture == .gemma3 ? 1e6 : 1e4),
      normEpsilon: normEpsilon ?? (isQwen || isGemma ? 1e-6 : 1e-5),
      initialization: initialization ?? (isGPT2 ? .gpt2 : .llama))
  }
}

extension TrainingConfiguration.Schedule {
  /// Steps of warm-up and descent in a run of `steps`.
  public func phases(steps: Int) -> (warmup: Int, decay: Int) {
    let warmup = min(warmup ?? steps / 50, steps)
    let rest = steps - warmup
    return (warmup, min(name == .wsd ? decay ?? steps / 5 : rest, rest))
  }
}

extension TrainingConfiguration {
  /// Steps of the run where a step sees `tokensPerStep` tokens and the training data has `dataTokens`. The ramp's
  /// smaller steps count as whole ones here.
  public func totalSteps(tokensPerStep: Int, dataTokens: Int) -> Int {
    if let steps { return steps }
    let wanted = tokens.map { Double($0) } ?? (epochs ?? 0) * Double(dataTokens)
    return max(1, Int((wanted / Double(max(1, tokensPerStep))).rounded(.up)))
  }
}
