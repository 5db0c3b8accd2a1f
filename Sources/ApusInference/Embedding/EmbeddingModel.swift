// A model that turns texts into vectors. Immutable to its callers, shared by any number of tasks; passes take turns.

import ApusFiles
import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor
import ApusText
import Synchronization

/// An embedding model in memory.
///
///     let model = try EmbeddingModel("embeddinggemma-300m-Q8_0.gguf")
///     let vector = try model.embed("Hello world")
///
/// Opens GGUF files and Hugging Face folders of EmbeddingGemma, BERT (MiniLM, BGE, E5, GTE), Nomic BERT and
/// Qwen3-Embedding. A text's vector has the same bits alone, in any batch and with any number of threads.
public final class EmbeddingModel: @unchecked Sendable {
  /// The machine it runs on.
  public let runtime: Runtime
  /// The path it was opened with.
  public let name: String
  /// The family, "bert".
  public let architecture: String
  /// Its sizes.
  public let configuration: TransformerConfiguration
  /// Text to tokens.
  public let tokenizer: any Tokenizer
  /// How tokens become one vector.
  public let pooling: Pooling
  /// Whether vectors have length 1.
  public let normalizes: Bool
  /// Values of a vector.
  public let dimension: Int
  /// The most tokens of a text, special ones included.
  public let contextLength: Int
  /// Texts that belong before others, by name: "query", "document".
  public let prompts: [String: String]
  /// The prompt of texts that name none.
  public let defaultPrompt: String?
  /// Bytes of packed weights, which every pass reads once.
  package let weightBytes: Int
  /// What was odd about the files, one line each.
  public let warnings: [String]

  /// Tells this model from others and from itself with other settings: vectors of equal fingerprints compare.
  public let fingerprint: String

  private let texts: TextTokens
  private let verifyUnchanged: @Sendable () throws -> Void
  /// Guarded by `turn`.
  private let pool: EncoderPool
  private let turn = Mutex(())
  private let thread = Mutex<JobThread?>(nil)

  /// Loads a model on a runtime of its own.
  public convenience init(_ path: String) throws {
    try self.init(path, runtime: Runtime())
  }

  /// Loads a GGUF file or a Hugging Face folder.
  ///
  /// - Parameter progress: called with bytes done and bytes in all while weights are packed.
  /// - Throws: `EmbeddingError`, `GGUFError`, `HuggingFaceError`, `SafetensorsError`, `ModelError`, `TokenizerError`,
  ///   `InferenceError.memory`.
  public convenience init(
    _ path: String, runtime: Runtime, options: EmbeddingOptions = EmbeddingOptions(),
    progress: ((Int, Int) -> Void)? = nil
  ) throws {
    try self.init(EmbeddingFiles(path), runtime: runtime, options: options, progress: progress)
  }

  package init(
    _ files: EmbeddingFiles, runtime: Runtime, options: EmbeddingOptions = EmbeddingOptions(),
    progress: ((Int, Int) -> Void)? = nil
  ) throws {
    let network = files.network
    let pooling = try Self.pooling(files, options)
    self.runtime = runtime
    name = files.name
    architecture = network.architectureName
    configuration = network.configuration
    tokenizer = files.tokenizer
    self.pooling = pooling
    normalizes = options.normalizes ?? files.normalizes ?? true
    contextLength = try Self.contextLength(files, options)
    prompts = files.prompts
    defaultPrompt = files.defaultPrompt
    warnings = files.warnings
    verifyUnchanged = files.verifyUnchanged
    texts = TextTokens(files.tokenizer, limit: contextLength, policy: options.longTexts)
    let graph = try network.graph(contextLength: contextLength, for: .embedding(pooling))
    let weights = try WeightStore(graph, from: network.source, workers: runtime.workers, progress: progress)
    weightBytes = weights.packedBytes
    pool = try EncoderPool(network, weights, runtime, pooling: pooling, contextLength: contextLength)
    let dimension = options.dimension ?? pool.dimension
    guard (1...pool.dimension).contains(dimension) else {
      throw EmbeddingError.dimension(dimension, largest: pool.dimension)
    }
    self.dimension = dimension
    fingerprint =
      "\(architecture)-\(dimension)-\(pooling.rawValue)\(normalizes ? "" : "-raw")-"
      + String(network.fingerprint(graph), radix: 16)
  }

  private static func pooling(
    _ files: EmbeddingFiles, _ options: EmbeddingOptions
  ) throws(EmbeddingError) -> Pooling {
    if options.pooling == .rank || options.pooling == Pooling.none {
      throw .invalidOption(
        name: "pooling", value: options.pooling!.rawValue, expected: "mean, cls or last")
    }
    if let chosen = options.pooling { return chosen }
    switch files.pooling {
    case .rank: throw .reranker(name: files.name)
    case let pooling? where pooling != .none: return pooling
    default:
      // Files of encoders that say nothing are models whose authors took the mean.
      guard !files.network.isGenerative else {
        throw .generative(name: files.name, architecture: files.network.architectureName)
      }
      return .mean
    }
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

  // MARK: Vectors

  /// The vector of a text: `dimension` values.
  ///
  /// - Parameter prompt: the name of one of the model's prompts to put before it; nil for the default one, if any.
  /// - Throws: `EmbeddingError`, `TokenizerError`, `InferenceError`, `FileError.changed`.
  public func embed(_ text: String, prompt: String? = nil) throws -> [Float] {
    try embed([text], prompt: prompt)[0]
  }

  /// The vectors of texts, in their order. Texts of any lengths share passes without padding.
  public func embed(_ texts: [String], prompt: String? = nil) throws -> [[Float]] {
    try embed(texts.map { Array($0.utf8) }, prompt: prompt)
  }

  /// The vectors of texts given as UTF-8.
  public func embed(_ texts: [[UInt8]], prompt: String? = nil) throws -> [[Float]] {
    let prompt = Array(try promptText(prompt).utf8)
    var passes: [TokenizedText] = []
    var owners: [Int] = []
    for (index, text) in texts.enumerated() {
      for pass in try self.texts.passes(text, prompt: prompt, index: index) {
        passes.append(pass)
        owners.append(index)
      }
    }
    return try vectors(passes, owners, count: texts.count)
  }

  /// The vector of a text, computed on a thread of the model's own.
  public func embed(_ text: String, prompt: String? = nil) async throws -> [Float] {
    try await embed([text], prompt: prompt)[0]
  }

  /// The vectors of texts, computed on a thread of the model's own, so that no task's thread is blocked.
  public func embed(_ texts: [String], prompt: String? = nil) async throws -> [[Float]] {
    let thread = try jobThread()
    return try await withCheckedThrowingContinuation { continuation in
      thread.perform { [self] _ in
        continuation.resume(with: Result { try embedNow(texts, prompt: prompt) })
      }
    }
  }

  /// The synchronous form by a name that overloads of one name cannot confuse.
  private func embedNow(_ texts: [String], prompt: String?) throws -> [[Float]] {
    try embed(texts.map { Array($0.utf8) }, prompt: prompt)
  }

  private func jobThread() throws -> JobThread {
    try thread.withLock { thread in
      if let thread { return thread }
      let started = try JobThread()
      thread = started
      return started
    }
  }

  /// The text of a prompt by its name.
  ///
  /// - Throws: `EmbeddingError.unknownPrompt`.
  public func promptText(_ name: String?) throws(EmbeddingError) -> String {
    guard let name = name ?? defaultPrompt else { return "" }
    guard let text = prompts[name] else { throw .unknownPrompt(name, known: Array(prompts.keys)) }
    return text
  }

  /// Vectors of token lists: passes of one owner are parts of one text.
  package func vectors(_ passes: [TokenizedText], _ owners: [Int], count: Int) throws -> [[Float]] {
    // Embeddings are read from the mapped file: a file that was exchanged would give wrong vectors silently.
    try verifyUnchanged()
    var result = Array(repeating: [Float](), count: count)
    var parts = Array(repeating: 0, count: count)
    for owner in owners { parts[owner] += 1 }
    try turn.withLock { _ in
      try pool.run(passes) { index, row in
        let owner = owners[index]
        if parts[owner] == 1 {
          finish(row)
          result[owner] = Array(row.prefix(dimension))
        } else {
          if result[owner].isEmpty { result[owner] = Array(repeating: 0, count: row.count) }
          let weight = Float(passes[index].tokens.count)
          for column in row.indices { result[owner][column] += weight * row[column] }
        }
      }
    }
    for owner in parts.indices where parts[owner] > 1 {
      let total = Float(passes.indices.reduce(0) { $0 + (owners[$1] == owner ? passes[$1].tokens.count : 0) })
      for column in result[owner].indices { result[owner][column] /= total }
      result[owner].withUnsafeMutableBufferPointer { finish($0) }
      result[owner].removeLast(result[owner].count - dimension)
    }
    return result
  }

  /// The vector of one list of tokens, written to `vector`, which has room for `dimension` values. Allocates nothing.
  package func embed(
    tokens: UnsafeBufferPointer<Int32>, into vector: UnsafeMutableBufferPointer<Float>
  ) throws {
    try turn.withLock { _ in
      try pool.prepare(for: tokens.count)
      pool.encoder.begin()
      pool.encoder.add(tokens)
      try pool.encoder.run()
      let row = pool.encoder.row(0)
      finish(row)
      _ = vector.update(fromContentsOf: row.prefix(dimension))
    }
  }

  /// Brings the part of a row that is kept to length 1, if vectors are.
  private func finish(_ row: UnsafeMutableBufferPointer<Float>) {
    guard normalizes else { return }
    runtime.cpu.table.pointee.unit_norm(row.baseAddress, Int32(dimension), row.baseAddress)
  }

  /// Gathers times of the plan in use, until another call.
  @discardableResult
  package func setProfile(_ make: ((Plan) -> ExecutionProfile)?) -> ExecutionProfile? {
    turn.withLock { _ in
      pool.encoder.profile = make.map { $0(pool.encoder.plan) }
      return pool.encoder.profile
    }
  }

  /// Tokens of texts, special ones included.
  package func tokenCount(_ texts: [[UInt8]], prompt: String? = nil) throws -> Int {
    let prompt = Array(try promptText(prompt).utf8)
    return try texts.enumerated().reduce(0) { sum, text in
      try self.texts.passes(text.element, prompt: prompt, index: text.offset).reduce(sum) {
        $0 + $1.tokens.count
      }
    }
  }
}
