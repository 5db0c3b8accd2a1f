// How much of the machine an engine may take: the context that fits, and the refusal with its numbers.

import ApusGraph
import ApusModels
import ApusTensor

/// The memory an engine needs, by purpose.
package struct MemoryBudget: Sendable {
  package let weights: Int
  package let cacheBytesPerPage: Int
  package let activations: Int
  /// What may be used for cache and activations; weights are there already.
  package let available: Int
  package let sequences: Int

  /// Share of the free memory that plans may fill: the rest is for the file's pages and other programs.
  static let share = 0.8

  /// - Parameters:
  ///   - weights: bytes of packed weights.
  ///   - memoryLimit: bytes that plans may use.
  package init(
    _ network: Network, weights: Int, memoryLimit: Int, _ options: EngineOptions
  ) throws(ModelError) {
    self.weights = weights
    cacheBytesPerPage = network.cacheLayout(options.keyValueFormat).pageBytes
    var planned = options
    planned.optimized = true
    activations = try network.plan(planned).memory.byteCount
    available = Int(Double(memoryLimit) * Self.share) - weights
    sequences = options.sequences
  }

  /// Cache bytes for a context, one page per sequence spare for copies.
  package func cacheBytes(context: Int) -> Int {
    sequences * (KVLayout.pages(context) + 1) * cacheBytesPerPage
  }

  /// The largest context that fits, at most `wanted`.
  package func largestContext(_ wanted: Int) -> Int {
    let room = (available - activations) / sequences / cacheBytesPerPage - 1
    return max(0, min(wanted, room * KVLayout.pageKeys))
  }

  /// Refuses a context that does not fit, with the sum.
  package func check(context: Int) throws(InferenceError) {
    let cache = cacheBytes(context: context)
    guard cache + activations <= available else {
      throw .memory(
        needed: weights + cache + activations, weights: weights, cache: cache, activations: activations,
        available: available + weights, largestContext: largestContext(context))
    }
  }
}

extension EngineOptions {
  /// Options for a model with the context given, or the largest that the model was trained for and fits.
  ///
  /// - Throws: `InferenceError.memory` when the context given does not fit, or none does.
  package static func fitting(
    _ model: Model, contextLength: Int?, sequences: Int = 1, keyValueFormat: KVFormat = .f16,
    batchTokens: Int = 512, outputs: Int = 1, coarseActivations: Bool = false
  ) throws -> EngineOptions {
    var options = EngineOptions(contextLength: contextLength ?? 0)
    options.sequences = sequences
    options.keyValueFormat = keyValueFormat
    options.batchTokens = batchTokens
    options.outputs = outputs
    options.coarseActivations = coarseActivations
    let budget = try options.fit(
      model.network, weights: model.weights.packedBytes, memoryLimit: model.runtime.memoryLimit,
      isContextGiven: contextLength != nil)
    try budget.check(context: options.contextLength)
    return options
  }

  /// Sets the context, unless it is given, to the largest that the network was trained for and fits.
  ///
  /// - Returns: the budget it was found with, for the check.
  package mutating func fit(
    _ network: Network, weights: Int, memoryLimit: Int, isContextGiven: Bool
  ) throws -> MemoryBudget {
    let trained = network.configuration.contextLength
    if !isContextGiven { contextLength = trained }
    try network.check(keyValueFormat)
    let budget = try MemoryBudget(network, weights: weights, memoryLimit: memoryLimit, self)
    if !isContextGiven { contextLength = max(1, budget.largestContext(trained)) }
    return budget
  }
}

extension Network {
  /// Refuses a cache format that the heads' size does not suit.
  package func check(_ format: KVFormat) throws(InferenceError) {
    let size = cacheLayout(format).headSize
    guard size % format.headSizeMultiple == 0 else {
      throw .invalidOption(
        name: "cache type", value: format.rawValue,
        expected: "f16, bf16 or f32 for heads of \(size) values: \(format.rawValue) wants multiples of "
          + "\(format.headSizeMultiple)")
    }
  }
}
