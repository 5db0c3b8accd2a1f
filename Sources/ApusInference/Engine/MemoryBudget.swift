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

  package init(_ model: Model, _ options: EngineOptions) throws(ModelError) {
    weights = model.weights.packedBytes
    cacheBytesPerPage = model.cacheLayout(options.keyValueFormat).pageBytes
    let limits = Sizes(
      tokens: options.batchTokens, outputs: max(options.sequences, options.outputs),
      sequences: options.sequences)
    activations = try model.plan(
      limits: limits, contextLength: options.contextLength, coarse: options.coarseActivations
    ).memory.byteCount
    available = Int(Double(model.runtime.memoryLimit) * Self.share) - weights
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
    let trained = model.configuration.contextLength
    var options = EngineOptions(contextLength: contextLength ?? trained)
    options.sequences = sequences
    options.keyValueFormat = keyValueFormat
    options.batchTokens = batchTokens
    options.outputs = outputs
    options.coarseActivations = coarseActivations
    try model.check(keyValueFormat)
    let budget = try MemoryBudget(model, options)
    if contextLength == nil {
      options.contextLength = max(1, budget.largestContext(trained))
    }
    try budget.check(context: options.contextLength)
    return options
  }
}
