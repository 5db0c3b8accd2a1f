// Bytes of a run by purpose, from the functions that say how much the run itself will reserve.

import ApusGraph
import ApusInference
import ApusModels
import ApusTensor

/// Memory a run will take.
package struct PlannedMemory: Sendable, Equatable {
  /// By purpose: what is set aside, and what of it is expected in memory when the context is full.
  package var purposes: [MemoryPurpose]

  package init(_ purposes: [MemoryPurpose]) {
    self.purposes = purposes.filter { $0.reserved > 0 }
  }

  /// Bytes expected in memory.
  package var resident: Int { purposes.reduce(0) { $0 + ($1.resident ?? $1.reserved) } }

  /// Bytes set aside, the files' pages included.
  package var reserved: Int { purposes.reduce(0) { $0 + $1.reserved } }
}

extension PlannedMemory {
  /// Memory of an engine.
  ///
  /// - Parameters:
  ///   - scratch: of the workers.
  ///   - program: the process before the weights are loaded: code, tokenizer, metadata.
  package static func generation(
    _ files: ModelFiles, _ network: Network, _ options: EngineOptions, scratch: Int, program: Int
  ) throws -> PlannedMemory {
    // Weights are packed for the graph that every context shares.
    let graph = try files.graph(network, contextLength: network.configuration.contextLength)
    let layout = network.cacheLayout(options.keyValueFormat)
    let cache = PagePool.byteCount(layout, capacity: options.pages(context: options.contextLength))
    let used = PagePool.byteCount(
      layout, capacity: options.sequences * KVLayout.pages(options.contextLength))
    return PlannedMemory(
      weights(graph, network, files, tokens: options.batchTokens) + [
        MemoryPurpose(purpose: "keys and values", reserved: cache, resident: used),
        fully("activations", try network.plan(options).memory.byteCount),
        fully("scratch", scratch), fully("runtime", program),
      ])
  }

  /// Memory of an encoder for steps of up to `capacity` tokens, when it has made a vector of a text of so many `tokens`. Others
  /// touch more of the vocabulary's table, up to all of it.
  package static func embedding(
    _ files: ModelFiles, _ network: Network, _ pooling: Pooling, tokens: Int, capacity: Int, scratch: Int,
    program: Int
  ) throws -> PlannedMemory {
    let graph = try network.graph(contextLength: capacity, for: .embedding(pooling))
    let layout = Encoder.cacheLayout(network)
    return PlannedMemory(
      weights(graph, network, files, tokens: tokens) + [
        MemoryPurpose(
          purpose: "keys and values",
          reserved: PagePool.byteCount(layout, capacity: Encoder.pageCount(capacity)),
          // Texts that fill their pages: the spare ones are for texts of a token each.
          resident: PagePool.byteCount(layout, capacity: KVLayout.pages(capacity) + 1)),
        fully(
          "activations", try Encoder.plan(network, pooling: pooling, capacity: capacity).memory.byteCount),
        fully("scratch", scratch), fully("runtime", program),
      ])
  }

  /// The system maps so many bytes around the one that is asked for.
  private static let mappedAtOnce = 64 << 10

  private static func weights(
    _ graph: Graph, _ network: Network, _ files: ModelFiles, tokens: Int
  ) -> [MemoryPurpose] {
    let weights = WeightStore.footprint(graph, from: network.source)
    let touched = min(weights.mapped - weights.mappedAndRead, tokens * mappedAtOnce)
    return [
      MemoryPurpose(
        purpose: "weights (mapped)", reserved: files.byteCount, resident: weights.mappedAndRead + touched),
      fully("packed weights", weights.panels + weights.vectors),
    ]
  }

  private static func fully(_ purpose: String, _ bytes: Int) -> MemoryPurpose {
    MemoryPurpose(purpose: purpose, reserved: bytes, resident: bytes)
  }
}
