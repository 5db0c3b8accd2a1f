// A loaded encoder behind a lock: what models of vectors and models of scores share. Texts become passes, passes take
// turns, and whoever must not block asks for them on a thread of the model's own.

import ApusGraph
import ApusModels
import ApusRuntime
import Synchronization

/// The encoder of a model, for any number of threads.
package final class TextEncoder: @unchecked Sendable {
  package let runtime: Runtime
  package let network: Network
  /// The most tokens of a pass, special ones included.
  package let contextLength: Int
  /// Bytes of packed weights, which every pass reads once.
  package let weightBytes: Int
  package let pooling: Pooling
  package let texts: TextTokens
  private let verifyUnchanged: @Sendable () throws -> Void
  /// Guarded by `turn`.
  private let pool: EncoderPool
  private let turn = Mutex(())
  private let thread = Mutex<JobThread?>(nil)

  /// Packs the weights of the files.
  package init(
    _ files: EmbeddingFiles, _ runtime: Runtime, _ options: EmbeddingOptions, pooling: Pooling,
    progress: ((Int, Int) -> Void)?
  ) throws {
    self.runtime = runtime
    self.pooling = pooling
    network = files.network
    contextLength = try Self.contextLength(files, options)
    verifyUnchanged = files.verifyUnchanged
    texts = TextTokens(files.tokenizer, limit: contextLength, policy: options.longTexts)
    let weights = try WeightStore(
      network.graph(contextLength: contextLength, for: .embedding(pooling)), from: network.source,
      workers: runtime.workers, progress: progress)
    weightBytes = weights.packedBytes
    pool = try EncoderPool(network, weights, runtime, pooling: pooling, contextLength: contextLength)
  }

  /// The network's positions, the files' own limit, or what the caller wants below them.
  static func contextLength(
    _ files: EmbeddingFiles, _ options: EmbeddingOptions
  ) throws(EmbeddingError) -> Int {
    let positions = files.network.configuration.contextLength
    guard let wanted = options.contextLength else { return min(positions, files.maximumLength ?? positions) }
    guard (1...positions).contains(wanted) else {
      throw .invalidOption(
        name: "context length", value: "\(wanted)", expected: "1 to the \(positions) positions of the model")
    }
    return wanted
  }

  /// Values of a row.
  package var dimension: Int { turn.withLock { _ in pool.dimension } }

  /// Runs passes and hands each one's row to `body`, in any order.
  package func run(
    _ passes: [TokenizedText], _ body: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws {
    // Embeddings are read from the mapped file: a file that was exchanged would give wrong rows silently.
    try verifyUnchanged()
    try turn.withLock { _ in try pool.run(passes, body) }
  }

  /// Lets `body` use the encoder, at a size that has room for so many tokens.
  package func withEncoder<Result>(
    for tokens: Int = 0, _ body: (Encoder) throws -> Result
  ) throws -> Result {
    try turn.withLock { _ in
      try pool.prepare(for: tokens)
      return try body(pool.encoder)
    }
  }

  /// Does `work` on a thread of the encoder's own, so that no task's thread is blocked.
  package func inBackground<Success: Sendable>(
    _ work: @escaping @Sendable () throws -> Success
  ) async throws -> Success {
    let thread = try thread.withLock { thread in
      if let thread { return thread }
      let started = try JobThread()
      thread = started
      return started
    }
    return try await withCheckedThrowingContinuation { continuation in
      thread.perform { _ in continuation.resume(with: Result { try work() }) }
    }
  }
}

/// The passes of several texts: a text has one, or one for each of its parts.
package struct TextPasses {
  package private(set) var passes: [TokenizedText] = []
  /// The text that each pass is of.
  package private(set) var owners: [Int] = []

  /// The passes that `make` gives for the texts 0 ..< count.
  package init(count: Int, _ make: (Int) throws -> [TokenizedText]) rethrows {
    for index in 0..<count {
      let made = try make(index)
      passes += made
      owners += Array(repeating: index, count: made.count)
    }
  }
}
