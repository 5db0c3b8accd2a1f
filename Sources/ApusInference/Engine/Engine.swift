// A model compiled for this machine: executor and cache. It runs steps; who takes part in a step is decided
// above.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor

/// Runs steps over sequences.
///
/// Not thread-safe: it belongs to one thread at a time. Several engines may share a model.
package final class Engine {
  package let network: Network
  package let runtime: Runtime
  package let options: EngineOptions
  /// The model's name for people.
  package let name: String
  /// Where the weights lie.
  private let weightRegions: [MemoryRegion]
  private let executor: Executor
  private let pool: PagePool

  /// Compiles the model for `options`, after checking that all of it fits in memory.
  ///
  /// - Throws: `InferenceError.memory` with the sum and the largest context that fits.
  package convenience init(_ model: Model, _ options: EngineOptions) throws {
    let weights = model.weights
    try self.init(
      model.network, model.runtime, options, name: model.name, regions: weights.regions
    ) { (reference, _) throws(ModelError) in try weights.parameter(reference) }
  }

  /// Compiles a network whose weights somebody else keeps.
  ///
  /// - Parameters:
  ///   - name: what it is called in reports.
  ///   - regions: where the weights lie.
  ///   - parameters: gives each weight its place in memory.
  package init(
    _ network: Network, _ runtime: Runtime, _ options: EngineOptions, name: String, regions: [MemoryRegion],
    parameters: (ParameterReference, ValueType) throws(ModelError) -> Parameter
  ) throws {
    try network.check(options.keyValueFormat)
    self.network = network
    self.runtime = runtime
    self.options = options
    self.name = name
    weightRegions = regions
    let plan = try network.plan(options)
    let layout = network.cacheLayout(options.keyValueFormat)
    pool = try PagePool(layout, capacity: options.pages(context: options.contextLength))
    executor = try Executor(
      plan, cpu: runtime.cpu.table, workers: runtime.workers, cache: layout,
      positions: options.contextLength, parameters: parameters)
  }

  /// The plan that runs.
  package var plan: Plan { executor.plan }

  /// Gathers times while set.
  package var profile: ExecutionProfile? {
    get { executor.profile }
    set { executor.profile = newValue }
  }

  /// An operation that is made slower, to test measuring.
  package func setHandicap(_ handicap: Handicap?) {
    executor.handicap = handicap?.shares(executor.plan)
  }

  /// Bytes reserved for activations, and bytes of KV pages in use.
  package var activationBytes: Int { executor.activationBytes }
  package var cacheBytes: Int { pool.bytesInUse }
  /// Bytes of the workers' own memory.
  package var scratchBytes: Int { executor.scratchBytes }

  /// Where everything lies that steps read and write.
  package var regions: [MemoryRegion] { weightRegions + [pool.region, executor.region] }

  /// An empty sequence.
  package func makeSequence() -> TokenSequence {
    TokenSequence(pool, capacity: options.contextLength)
  }

  /// Starts gathering a step.
  package func beginStep() {
    executor.step.clear()
  }

  /// Tokens that still fit in the step, for one more sequence.
  package var stepRoom: Int {
    executor.step.hasRoomForSequence ? executor.step.remainingTokens : 0
  }

  /// Adds a sequence's next tokens to the step.
  ///
  /// - Parameter outputs: how many of the last tokens want logits.
  /// - Returns: false when the cache has no room for them.
  package func addToStep(
    _ sequence: TokenSequence, _ tokens: UnsafeBufferPointer<Int32>, outputs: Int
  ) -> Bool {
    guard sequence.length + tokens.count <= sequence.capacity, sequence.reserve(tokens.count) else {
      return false
    }
    executor.step.append(tokens, start: sequence.length, pages: sequence.pageTable, outputs: .last(outputs))
    sequence.append(tokens)
    return true
  }

  /// Adds a sequence's next tokens to the step, which are in an array.
  ///
  /// - Throws: `InferenceError.cacheFull`.
  package func addToStep(
    _ sequence: TokenSequence, _ tokens: ArraySlice<Int32>, outputs: Int
  ) throws(InferenceError) {
    guard tokens.withUnsafeBufferPointer({ addToStep(sequence, $0, outputs: outputs) }) else {
      throw .cacheFull
    }
  }

  /// Runs the step.
  ///
  /// - Throws: `InferenceError.nonFinite` naming the first operation whose result is not a number.
  package func runStep() throws(InferenceError) {
    guard executor.step.sizes.tokens > 0 else { return }
    executor.run()
    for row in 0..<executor.step.sizes.outputs {
      let logits = logits(row)
      if runtime.cpu.table.pointee.all_finite(logits.baseAddress, Int64(logits.count)) == 0 {
        let node = executor.findNonFinite()
        throw .nonFinite(operation: node?.name ?? "output", scope: node?.scope ?? "")
      }
    }
  }

  /// The logits of an output row of the last step, in the order the sequences were added; valid until the
  /// next step. Samplers may overwrite them.
  package func logits(_ row: Int) -> UnsafeMutableBufferPointer<Float> {
    let result = executor.result(0)
    return UnsafeMutableBufferPointer(
      start: result.floats + row * result.stride, count: result.type.columns)
  }
}

/// What an engine is made for.
package struct EngineOptions: Sendable {
  /// Positions a sequence may grow to.
  package var contextLength: Int
  /// Tokens of the largest step: how a prompt is cut.
  package var batchTokens = 512
  /// Sequences that may take part in a step.
  package var sequences = 1
  /// Rows of logits in a step, if more than one per sequence are wanted.
  package var outputs = 1
  package var keyValueFormat = KVFormat.f16
  /// One scale per 256 activations where there would be one per 32: faster, less accurate.
  package var coarseActivations = false
  /// False runs the graph as built: slower, the same bits.
  package var optimized = true

  package init(contextLength: Int) {
    self.contextLength = contextLength
  }

  /// The largest step.
  package var limits: Sizes {
    Sizes(tokens: batchTokens, outputs: max(sequences, outputs), sequences: sequences)
  }

  /// Pages of the cache for contexts of this length: one for each sequence is spare, for copies.
  package func pages(context: Int) -> Int { sequences * (KVLayout.pages(context) + 1) }
}

extension Network {
  /// The graph of an engine, optimised and planned.
  package func plan(_ options: EngineOptions) throws(ModelError) -> Plan {
    var graph = try graph(contextLength: options.contextLength)
    if options.coarseActivations { _ = graph.coarsenActivations() }
    return Plan(graph, limits: options.limits, optimized: options.optimized)
  }
}
