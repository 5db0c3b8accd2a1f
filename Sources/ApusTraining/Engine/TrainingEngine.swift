// A network compiled to learn: one executor whose graph holds the network, its loss and all gradients. A run takes a
// micro-batch of packed texts, leaves each token's loss and adds to the gradients of the weights; it allocates nothing.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor

/// How a network is compiled for training.
package struct TrainingEngineOptions: Sendable {
  /// Tokens of a micro-batch, at most.
  package var tokens: Int
  /// Texts of a micro-batch, at most.
  package var sequences: Int
  /// The longest text.
  package var contextLength: Int
  package var loss = LossOptions()
  /// What is computed of each token.
  package var heads = NetworkHeads.tokens
  /// Whether gradients are wanted, or only losses.
  package var isForwardOnly = false
  /// What is made again on the way back instead of being kept.
  package var recomputing = RecomputationBudget.none
  /// False keeps every operation as it was built: same bits, to prove it.
  package var optimized = true

  package init(tokens: Int, sequences: Int, contextLength: Int) {
    self.tokens = tokens
    self.sequences = sequences
    self.contextLength = contextLength
  }

  /// The same micro-batches only measured: nothing is kept for a way back, and a loss is the plain one.
  package var forwardOnly: TrainingEngineOptions {
    var options = self
    options.isForwardOnly = true
    options.loss = LossOptions()
    return options
  }
}

/// Runs micro-batches forward and backward.
///
/// Not thread-safe.
package final class TrainingEngine {
  package let weights: TrainableWeights
  package let options: TrainingEngineOptions
  private let executor: Executor
  private let cache: HugeBuffer
  private let pages: UnsafeMutablePointer<UnsafeRawPointer?>
  private var usedPages = 0

  /// The graph of losses and scores, and of gradients unless they are not wanted.
  package static func graph(_ network: Network, _ options: TrainingEngineOptions) throws -> Graph {
    let forward = try network.graph(
      contextLength: options.contextLength, for: .training(options.loss, heads: options.heads))
    if options.isForwardOnly { return forward }
    guard options.heads.hasScores, let scores = forward.results.last else {
      return try forward.differentiated(from: [forward.results[0]: nil], isTrained: forward.isTrained)
    }
    // Losses start from their own weights; the gradient of a token's score is its weight itself.
    let (weighted, weights) = try forward.withScoreWeights()
    var starts: [ValueID: ValueID?] = [scores: weights]
    if options.heads.hasTokens { starts[forward.results[0]] = .some(nil) }
    return try weighted.differentiated(from: starts, isTrained: forward.isTrained)
  }

  /// The graph optimised and planned.
  package static func plan(_ graph: Graph, _ options: TrainingEngineOptions) -> Plan {
    Plan(
      graph, limits: Sizes(tokens: options.tokens, outputs: 0, sequences: options.sequences),
      optimized: options.optimized, passes: trainingPasses, recomputing: options.recomputing)
  }

  /// Without a way back nobody reads a key after its layer.
  private static func cacheLayout(
    _ network: Network, _ options: TrainingEngineOptions, _ precision: TrainingPrecision
  ) -> KVLayout {
    network.cacheLayout(precision.keyValueFormat, isKept: !options.isForwardOnly)
  }

  /// A page holds one text's keys: each text may leave its last one almost empty.
  private static func pageCount(_ options: TrainingEngineOptions) -> Int {
    options.tokens / KVLayout.pageKeys + options.sequences
  }

  /// Bytes of the keys and values of a full micro-batch.
  package static func cacheBytes(
    _ network: Network, _ options: TrainingEngineOptions, _ precision: TrainingPrecision
  ) -> Int {
    pageCount(options) * cacheLayout(network, options, precision).pageBytes
  }

  /// Compiles a graph made by `graph(_:_:)`.
  package init(
    _ network: Network, _ graph: Graph, _ weights: TrainableWeights, _ options: TrainingEngineOptions,
    _ runtime: Runtime
  ) throws {
    self.weights = weights
    self.options = options
    let plan = Self.plan(graph, options)
    let layout = Self.cacheLayout(network, options, weights.precision)
    let pageStride = (layout.pageBytes + 63) & ~63
    let pageCount = Self.pageCount(options)
    cache = try HugeBuffer(byteCount: pageCount * pageStride, purpose: "keys and values")
    executor = try Executor(
      plan, cpu: runtime.cpu.table, workers: runtime.workers, cache: layout, positions: options.contextLength,
      gradients: { weights.gradient($0) }
    ) { (reference, type) throws(ModelError) in try weights.parameter(reference, type) }
    pages = .allocate(capacity: pageCount)
    for page in 0..<pageCount {
      (pages + page).initialize(to: UnsafeRawPointer(cache.base + page * pageStride))
    }
  }

  deinit {
    pages.deallocate()
  }

  package var plan: Plan { executor.plan }

  /// Bytes of activations, logits and working memory, and of keys and values.
  package var activationBytes: Int { executor.activationBytes + plan.logitBytes + executor.scratchBytes }
  package var cacheBytes: Int { cache.byteCount }

  /// Where everything lies that micro-batches read and write.
  package var regions: [MemoryRegion] {
    weights.regions + [MemoryRegion("keys and values", cache.base, cache.byteCount), executor.region]
  }

  /// Gathers times while set.
  package var profile: ExecutionProfile? {
    get { executor.profile }
    set { executor.profile = newValue }
  }

  /// An operation that is made slower, to test measuring.
  package func setHandicap(_ handicap: Handicap?) {
    executor.handicap = handicap?.shares(executor.plan)
  }

  /// Told how far a micro-batch is while set.
  package var phaseHook: PhaseHook? {
    get { executor.phaseHook }
    set { executor.phaseHook = newValue }
  }

  /// Starts a micro-batch.
  ///
  /// - Parameter startsGradients: whether its gradients replace those of earlier ones.
  package func begin(startsGradients: Bool) {
    executor.step.clear()
    executor.step.startsGradients = startsGradients
    usedPages = 0
  }

  /// Whether a text of so many tokens fits in the micro-batch.
  package func hasRoom(for tokens: Int) -> Bool {
    executor.step.hasRoomForSequence && tokens <= executor.step.remainingTokens
  }

  /// Adds a text, which must fit.
  ///
  /// - Parameters:
  ///   - targets: for each token the one that should follow, or −1.
  ///   - weights: what each token's loss counts, or nil for `weight` each.
  ///   - scoreWeights: what each token's score counts, or nil for nothing; only networks with scores ask.
  package func add(
    _ tokens: UnsafeBufferPointer<Int32>, targets: UnsafeBufferPointer<Int32>, weight: Float,
    weights: UnsafeBufferPointer<Float>? = nil, scoreWeights: UnsafeBufferPointer<Float>? = nil
  ) {
    let step = executor.step
    let first = step.sizes.tokens
    step.append(tokens, start: 0, pages: pages + usedPages, outputs: .last(0))
    usedPages += KVLayout.pages(tokens.count)
    (step.targets + first).update(from: targets.baseAddress!, count: targets.count)
    if let weights {
      (step.lossWeights + first).update(from: weights.baseAddress!, count: weights.count)
    } else {
      (step.lossWeights + first).update(repeating: weight, count: tokens.count)
    }
    guard options.heads.hasScores else { return }
    if let scoreWeights {
      (step.scoreWeights + first).update(from: scoreWeights.baseAddress!, count: tokens.count)
    } else {
      (step.scoreWeights + first).update(repeating: 0, count: tokens.count)
    }
  }

  /// Tokens of the micro-batch.
  package var tokenCount: Int { executor.step.sizes.tokens }

  /// Runs the micro-batch; the sum of its losses and scores, each token's times its weight.
  ///
  /// Sums of 256 tokens are added in order, so the number of workers changes no bit.
  package func run() -> Double {
    guard tokenCount > 0 else { return 0 }
    executor.run()
    var total = 0.0
    if options.heads.hasTokens { total += sum { Double(loss(ofToken: $0)) } }
    if options.heads.hasScores {
      total += sum { Double(executor.step.scoreWeights[$0]) * Double(score(ofToken: $0)) }
    }
    return total
  }

  private func sum(_ value: (Int) -> Double) -> Double {
    var total = 0.0
    for start in stride(from: 0, to: tokenCount, by: 256) {
      var sum = 0.0
      for token in start..<min(start + 256, tokenCount) { sum += value(token) }
      total += sum
    }
    return total
  }

  /// The weighted loss of a token of the last run, in networks with a head of tokens.
  package func loss(ofToken token: Int) -> Float {
    precondition(options.heads.hasTokens, "a network of scores has no losses of its own")
    let losses = executor.result(0)
    return losses.floats[token * losses.stride]
  }

  /// The score of a token of the last run, not weighted, in networks with a head of scores.
  package func score(ofToken token: Int) -> Float {
    precondition(options.heads.hasScores, "the network gives no scores")
    let scores = executor.result(options.heads.hasTokens ? 1 : 0)
    return scores.floats[token * scores.stride]
  }

  /// Multiplications and additions of a micro-batch of so many texts of one length.
  package func flops(sequences: Int, length: Int) -> Double {
    var sizes = Sizes(tokens: sequences * length, outputs: 0, sequences: sequences)
    sizes.attended = sequences * length * (length + 1) / 2
    return plan.graph.nodes.reduce(0) { $0 + plan.cost(of: $1, sizes).flops }
  }

  /// The first operation of the last micro-batch that makes a value that is not finite.
  package func findNonFinite() -> Node? { executor.findNonFinite() }
}

extension Graph {
  /// The graph with the step's weights of scores as a value like any other: one row for each token.
  fileprivate func withScoreWeights() throws(GraphError) -> (Graph, ValueID) {
    var builder = GraphBuilder(continuing: self)
    // A step's numbers lie side by side; products read rows of values.
    let rows = try builder.scale(builder.input(.scoreWeights), by: 1)
    return (builder.graph, rows)
  }
}
