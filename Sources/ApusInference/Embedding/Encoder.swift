// A model compiled to turn texts into vectors: whole texts go into a step, packed one behind the other without padding,
// and each attends to itself only. Keys and values live for one layer of one step, so all layers share one layer's room.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor

/// Runs steps over whole texts.
///
/// Not thread-safe. A step allocates nothing.
package final class Encoder {
  /// The most tokens of a step, and of a text.
  package let capacity: Int
  package let pooling: Pooling
  private let readsForward: Bool
  private let runtime: Runtime
  private let executor: Executor
  private let weightRegions: [MemoryRegion]
  private let cache: HugeBuffer
  private let pageStride: Int
  /// The pages of all texts of a step, in order; a text's begin where the one before it ended.
  private let pages: UnsafeMutablePointer<UnsafeRawPointer?>
  private var usedPages = 0

  /// Compiles `network` for steps of up to `capacity` tokens.
  ///
  /// - Throws: `InferenceError.memory` before anything is reserved that does not fit.
  package init(
    _ network: Network, _ weights: WeightStore, _ runtime: Runtime, pooling: Pooling, capacity: Int,
    optimized: Bool = true
  ) throws {
    let plan = try Self.plan(network, pooling: pooling, capacity: capacity, optimized: optimized)
    let layout = Self.cacheLayout(network)
    pageStride = (layout.pageBytes + 63) & ~63
    let pageCount = Self.pageCount(capacity)
    let activations = plan.memory.byteCount
    let cacheBytes = KVLayout.pages(capacity) * 2 * pageStride
    let needed = weights.packedBytes + activations + cacheBytes
    guard needed <= runtime.memoryLimit else {
      throw InferenceError.memory(
        needed: needed, weights: weights.packedBytes, cache: cacheBytes, activations: activations,
        available: runtime.memoryLimit, largestContext: 0)
    }
    self.capacity = capacity
    self.pooling = pooling
    readsForward = network.isGenerative
    self.runtime = runtime
    weightRegions = weights.regions
    cache = try HugeBuffer(byteCount: pageCount * pageStride, purpose: "keys and values")
    executor = try Executor(
      plan, cpu: runtime.cpu.table, workers: runtime.workers, cache: layout, positions: capacity
    ) { (reference, _) throws(ModelError) in try weights.parameter(reference) }
    pages = .allocate(capacity: pageCount)
    for page in 0..<pageCount {
      (pages + page).initialize(to: UnsafeRawPointer(cache.base + page * pageStride))
    }
  }

  deinit {
    pages.deallocate()
  }

  /// The graph of an encoder, optimised and planned.
  package static func plan(
    _ network: Network, pooling: Pooling, capacity: Int, optimized: Bool = true
  ) throws(ModelError) -> Plan {
    let limits = Sizes(tokens: capacity, outputs: capacity, sequences: capacity)
    return Plan(
      try network.graph(contextLength: capacity, for: .embedding(pooling)), limits: limits,
      optimized: optimized)
  }

  /// The pages of an encoder: one layer's, which all take turns with.
  package static func cacheLayout(_ network: Network) -> KVLayout {
    network.cacheLayout(.f32, isKept: false)
  }

  /// Pages for steps of so many tokens. Each text may leave its last page almost empty; texts of one token are rare, and
  /// pages are only taken from the system when they are written.
  package static func pageCount(_ capacity: Int) -> Int { KVLayout.pages(capacity) + capacity }

  /// Values of a row.
  package var dimension: Int { executor.result(0).type.columns }

  /// The plan that runs.
  package var plan: Plan { executor.plan }

  /// Gathers times while set.
  package var profile: ExecutionProfile? {
    get { executor.profile }
    set { executor.profile = newValue }
  }

  /// Where everything lies that steps read and write.
  package var regions: [MemoryRegion] {
    weightRegions + [MemoryRegion("keys and values", cache.base, cache.byteCount), executor.region]
  }

  /// Starts gathering a step.
  package func begin() {
    executor.step.clear()
    usedPages = 0
  }

  /// Whether a text of so many tokens fits in the step.
  package func hasRoom(for tokens: Int) -> Bool {
    executor.step.hasRoomForSequence && tokens <= executor.step.remainingTokens
  }

  /// Adds a text, which must fit.
  ///
  /// - Parameter secondSegment: the index of the first token of the second text of a pair.
  package func add(_ tokens: UnsafeBufferPointer<Int32>, secondSegment: Int = .max) {
    let outputs: OutputRows =
      switch pooling {
      case .cls: .first
      // A decoder has read the whole text only where it ends.
      case .rank: readsForward ? .last(1) : .first
      case .last: .last(1)
      case .mean, .none: .last(0)
      }
    executor.step.append(
      tokens, start: 0, pages: pages + usedPages, outputs: outputs, secondSegment: secondSegment)
    usedPages += KVLayout.pages(tokens.count)
  }

  /// Runs the step.
  ///
  /// - Throws: `InferenceError.nonFinite` naming the first operation whose result is not a number.
  package func run() throws(InferenceError) {
    guard executor.step.sizes.tokens > 0 else { return }
    executor.run()
    let isFinite = runtime.cpu.table.pointee.all_finite!
    for row in 0..<rows where isFinite(self.row(row).baseAddress, Int64(dimension)) == 0 {
      let node = executor.findNonFinite()
      throw .nonFinite(operation: node?.name ?? "output", scope: node?.scope ?? "")
    }
  }

  /// Rows that the last step made: one for each text, or for each token without pooling.
  package var rows: Int {
    pooling == .none ? executor.step.sizes.tokens : executor.step.sizes.sequences
  }

  /// A row of the last step, texts in the order they were added; valid until the next step.
  package func row(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
    let result = executor.result(0)
    return UnsafeMutableBufferPointer(
      start: result.floats + index * result.stride, count: result.type.columns)
  }
}
