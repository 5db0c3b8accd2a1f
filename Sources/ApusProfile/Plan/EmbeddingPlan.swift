// What an embedding model will take and how fast it will be, before its weights are read.

import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime

/// The forecast for texts of one length and one number of threads.
package struct EmbeddingPlan: Sendable {
  /// Tokens of a text.
  package let tokens: Int
  package let threads: Int
  package let memory: PlannedMemory
  package let fits: Bool
  /// One text at a time, and many at once.
  package let single: PredictedRate?
  package let many: PredictedRate?
}

/// Plans one embedding or reranking model.
package struct EmbeddingPlanner {
  package let files: ModelFiles
  package let network: Network
  /// The tokenizer is a part of the process.
  private let embedding: EmbeddingFiles
  package let pooling: Pooling
  /// The most tokens of a text.
  package let contextLength: Int
  /// Bytes of the process before weights are loaded.
  private let program: () -> Int

  /// - Parameter program: asked when everything but the weights is there.
  /// - Throws: what opening the files throws, and `EmbeddingError` for models that make no vectors.
  package init(_ files: ModelFiles, program: @escaping () -> Int) throws {
    let embedding = try EmbeddingFiles(files)
    self.files = files
    self.embedding = embedding
    network = embedding.network
    pooling =
      try embedding.pooling == .rank ? .rank : EmbeddingModel.pooling(embedding, EmbeddingOptions())
    let positions = network.configuration.contextLength
    contextLength = min(positions, embedding.maximumLength ?? positions)
    self.program = program
  }

  /// The forecasts for texts of each length.
  ///
  /// - Parameters:
  ///   - machine: the limits of the runtime's threads; nil leaves the speed out.
  ///   - effort: how long to measure: 1 is about a second for each length.
  /// - Throws: `PlanError`.
  package func plans(
    _ lengths: [Int], _ runtime: Runtime, _ machine: MachineLimits?, effort: Double = 1
  ) throws -> [EmbeddingPlan] {
    if let length = lengths.first(where: { !(1...contextLength).contains($0) }) {
      throw PlanError.context(length, largest: contextLength)
    }
    return try lengths.map { try plan($0, runtime, machine, effort) }
  }

  private func plan(
    _ tokens: Int, _ runtime: Runtime, _ machine: MachineLimits?, _ effort: Double
  ) throws -> EmbeddingPlan {
    let capacity = EncoderPool.capacity(for: tokens, contextLength: contextLength)
    let plan = try Encoder.plan(network, pooling: pooling, capacity: capacity)
    let program = program()
    let (layout, together) = (Encoder.cacheLayout(network), capacity / tokens)
    let scratch = try StepMeter.scratchBytes(plan, layout: layout, positions: capacity, runtime)
    let memory = try PlannedMemory.embedding(
      files, network, pooling, tokens: tokens, capacity: capacity, scratch: scratch, program: program)
    let meter = try machine.map { _ in
      try StepMeter(
        plan, SyntheticParameters(plan.graph, runtime), layout: layout, positions: capacity,
        sequences: together, runtime)
    }
    func rate(_ texts: Int) throws -> PredictedRate? {
      guard let machine, let meter else { return nil }
      var known: PhaseTimes = [:]
      let outputs: OutputRows =
        switch pooling {
        case .cls, .rank: .first
        case .last: .last(1)
        case .mean, .none: .last(0)
        }
      let step = try meter.forecast(
        StepShape(sequences: texts, tokens: tokens, outputs: outputs), known: &known, seconds: 0.4 * effort)
      return PredictedRate(tokens: texts * tokens, seconds: step.seconds, step, machine)
    }
    let single = try rate(1)
    let many = try together > 1 ? rate(together) : nil
    return EmbeddingPlan(
      tokens: tokens, threads: runtime.workers.count, memory: memory,
      fits: memory.resident <= runtime.memoryLimit, single: single, many: many)
  }
}

extension ModelFiles {
  /// Whether the files are of a model that was made for vectors or scores, be its family generative or not.
  package func isForEmbedding() throws -> Bool {
    let network = try network()
    guard network.isGenerative else { return true }
    switch kind {
    case .gguf: return try network.pooling().map { $0 != .none } ?? false
    case .folder(let folder): return folder.sentenceTransformers?.pooling != nil
    }
  }
}
