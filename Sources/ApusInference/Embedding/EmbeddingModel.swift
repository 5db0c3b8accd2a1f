// A model that turns texts into vectors. Immutable to its callers, shared by any number of tasks; passes take turns.

import ApusFiles
import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor
import ApusText

/// An embedding model in memory.
///
///     let model = try EmbeddingModel("embeddinggemma-300m-Q8_0.gguf")
///     let vector = try model.embed("Hello world")
///
/// Opens GGUF files and Hugging Face folders of EmbeddingGemma, BERT (MiniLM, BGE, E5, GTE), Nomic BERT and
/// Qwen3-Embedding. A text's vector has the same bits alone, in any batch and with any number of threads.
public final class EmbeddingModel: Sendable {
  /// The machine it runs on.
  public var runtime: Runtime { encoder.runtime }
  /// The path it was opened with.
  public let name: String
  /// The family, "bert".
  public var architecture: String { encoder.network.architectureName }
  /// Its sizes.
  public var configuration: TransformerConfiguration { encoder.network.configuration }
  /// Text to tokens.
  public let tokenizer: any Tokenizer
  /// How tokens become one vector.
  public var pooling: Pooling { encoder.pooling }
  /// Whether vectors have length 1.
  public let normalizes: Bool
  /// Values of a vector.
  public let dimension: Int
  /// The most tokens of a text, special ones included.
  public var contextLength: Int { encoder.contextLength }
  /// Texts that belong before others, by name: "query", "document".
  public let prompts: [String: String]
  /// The prompt of texts that name none.
  public let defaultPrompt: String?
  /// What was odd about the files, one line each.
  public let warnings: [String]
  /// Bytes of packed weights, which every pass reads once.
  package var weightBytes: Int { encoder.weightBytes }
  private let encoder: TextEncoder

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
    encoder = try TextEncoder(
      files, runtime, options, pooling: Self.pooling(files, options), progress: progress)
    name = files.name
    tokenizer = files.tokenizer
    normalizes = options.normalizes ?? files.normalizes ?? true
    prompts = files.prompts
    defaultPrompt = files.defaultPrompt
    warnings = files.warnings
    let whole = encoder.dimension
    dimension = options.dimension ?? whole
    guard (1...whole).contains(dimension) else {
      throw EmbeddingError.dimension(dimension, largest: whole)
    }
  }

  /// How the files' tokens become one vector.
  package static func pooling(
    _ files: EmbeddingFiles, _ options: EmbeddingOptions
  ) throws(EmbeddingError) -> Pooling {
    if options.pooling == .rank || options.pooling == Pooling.none {
      throw .invalidOption(
        name: "pooling", value: options.pooling!.rawValue, expected: "mean, cls or last")
    }
    if let chosen = options.pooling { return chosen }
    switch files.pooling {
    case .rank where files.network.isGenerative: throw .rewardModel(name: files.name)
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

  /// Tells this model from others and from itself with other settings: vectors of equal fingerprints compare.
  ///
  /// - Throws: `ModelError`.
  /// - Complexity: O(tensors): reads samples of all weights.
  public func fingerprint() throws -> String {
    let network = encoder.network
    let graph = try network.graph(contextLength: contextLength, for: .embedding(pooling))
    return "\(architecture)-\(dimension)-\(pooling.rawValue)\(normalizes ? "" : "-raw")-"
      + String(network.fingerprint(graph), radix: 16)
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
    let passes = try passes(texts, prompt: prompt)
    return try vectors(passes.passes, passes.owners, count: texts.count)
  }

  private func passes(_ texts: [[UInt8]], prompt: String?) throws -> TextPasses {
    let prompt = Array(try promptText(prompt).utf8)
    return try TextPasses(count: texts.count) {
      try encoder.texts.passes(texts[$0], prompt: prompt, index: $0)
    }
  }

  /// The vector of a text, computed on a thread of the model's own.
  public func embed(_ text: String, prompt: String? = nil) async throws -> [Float] {
    try await embed([text], prompt: prompt)[0]
  }

  /// The vectors of texts, computed on a thread of the model's own, so that no task's thread is blocked.
  public func embed(_ texts: [String], prompt: String? = nil) async throws -> [[Float]] {
    try await encoder.inBackground { [self] in
      try embed(texts.map { Array($0.utf8) }, prompt: prompt)
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
    var result = Array(repeating: [Float](), count: count)
    var (parts, tokens) = (Array(repeating: 0, count: count), Array(repeating: 0, count: count))
    for (owner, pass) in zip(owners, passes) {
      parts[owner] += 1
      tokens[owner] += pass.tokens.count
    }
    try encoder.run(passes) { index, row in
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
    for owner in parts.indices where parts[owner] > 1 {
      for column in result[owner].indices { result[owner][column] /= Float(tokens[owner]) }
      result[owner].withUnsafeMutableBufferPointer { finish($0) }
      result[owner].removeLast(result[owner].count - dimension)
    }
    return result
  }

  /// The vector of one list of tokens, written to `vector`, which has room for `dimension` values. Allocates nothing.
  package func embed(
    tokens: UnsafeBufferPointer<Int32>, into vector: UnsafeMutableBufferPointer<Float>
  ) throws {
    try encoder.withEncoder(for: tokens.count) { encoder in
      encoder.begin()
      encoder.add(tokens)
      try encoder.run()
      let row = encoder.row(0)
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
  package func setProfile(_ make: ((Plan) -> ExecutionProfile)?) throws -> ExecutionProfile? {
    try withEncoder { encoder in
      encoder.profile = make.map { $0(encoder.plan) }
      return encoder.profile
    }
  }

  /// Lets `body` use the encoder, at a size that has room for so many tokens.
  package func withEncoder<Result>(
    for tokens: Int = 0, _ body: (Encoder) throws -> Result
  ) throws -> Result {
    try encoder.withEncoder(for: tokens, body)
  }

  /// Tokens of texts, special ones included.
  package func tokenCount(_ texts: [[UInt8]], prompt: String? = nil) throws -> Int {
    try passes(texts, prompt: prompt).passes.reduce(0) { $0 + $1.tokens.count }
  }
}
