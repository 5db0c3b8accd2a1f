// A model loaded for generation: weights, tokenizer, chat template. Immutable, shared by any number of
// sessions.

import ApusFiles
import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor
import ApusText

/// A language model in memory.
///
///     let model = try Model("model.gguf")
///     let session = try model.makeSession()
///     for try await text in session.generate("Once upon a time") { print(text, terminator: "") }
public final class Model: Sendable {
  /// The machine it runs on.
  public let runtime: Runtime
  /// The files it came from.
  public let files: ModelFiles
  /// Text to tokens and back.
  public let tokenizer: any Tokenizer
  /// How conversations are written down for this model, where the file says it.
  public let chatTemplate: String?
  /// Tokens that end a text.
  public let endOfText: Set<Int32>
  package let network: Network
  package let weights: WeightStore

  /// Loads a GGUF file or a Hugging Face folder: maps it, checks it, packs its weights for this CPU.
  ///
  /// - Parameters:
  ///   - adapters: low-rank adapters to run beside the weights; their changes add up.
  ///   - runtime: the machine; shared between models.
  ///   - progress: called with bytes done and bytes in all while weights are packed.
  /// - Throws: `GGUFError`, `HuggingFaceError`, `SafetensorsError`, `ModelError`, `AdapterError`, `TokenizerError`,
  ///   `HuggingFaceTokenizerError`, `InferenceError`.
  public convenience init(
    _ path: String, adapters: [AdapterFile] = [], runtime: Runtime, progress: ((Int, Int) -> Void)? = nil
  ) throws {
    try self.init(ModelFiles(path).adapted(by: adapters), runtime: runtime, progress: progress)
  }

  /// Loads a GGUF file that is open already.
  public convenience init(
    _ file: GGUFFile, runtime: Runtime, progress: ((Int, Int) -> Void)? = nil
  ) throws {
    try self.init(ModelFiles(file), runtime: runtime, progress: progress)
  }

  /// Loads files that are open already.
  public init(
    _ files: ModelFiles, runtime: Runtime, progress: ((Int, Int) -> Void)? = nil
  ) throws {
    self.runtime = runtime
    self.files = files
    network = try files.network()
    guard network.isGenerative else {
      throw ModelError.notGenerative(architecture: network.architectureName)
    }
    let tokenizer = try files.tokenizer()
    self.tokenizer = tokenizer
    chatTemplate = try files.chatTemplate()
    endOfText = Set(tokenizer.vocabulary.endOfGeneration)
      .union(try files.endOfText().filter { tokenizer.vocabulary.contains($0) })
    let graph = try files.graph(network, contextLength: network.configuration.contextLength)
    guard tokenizer.vocabulary.count <= network.configuration.vocabularySize else {
      throw InferenceError.vocabulary(
        tokens: tokenizer.vocabulary.count, rows: network.configuration.vocabularySize)
    }
    try Self.check(graph, network, runtime)
    weights = try WeightStore(
      graph, from: network.source, workers: runtime.workers, progress: progress)
  }

  /// Loads a GGUF file or a folder on a runtime of its own.
  public convenience init(_ path: String) throws {
    try self.init(path, runtime: Runtime())
  }

  /// The family, "llama".
  public var architecture: String { network.architectureName }
  /// Its sizes.
  public var configuration: TransformerConfiguration { network.configuration }
  /// Its name for people, or the file's.
  public var name: String { files.modelName }
  /// Weights of all tensors.
  public var parameterCount: Int { files.parameterCount }

  /// Refuses weights that cannot fit before touching them.
  private static func check(_ graph: Graph, _ network: Network, _ runtime: Runtime) throws(InferenceError) {
    let needed = weightBytes(graph, network)
    guard needed <= runtime.memoryLimit else {
      throw .memory(
        needed: needed, weights: needed, cache: 0, activations: 0, available: runtime.memoryLimit,
        largestContext: 0)
    }
  }

  private static func weightBytes(_ graph: Graph, _ network: Network) -> Int {
    graph.values.reduce(0) { sum, value in
      guard case .parameter(let reference) = value.source, reference.role == .product,
        let tensor = network.source.tensor(reference.tensor)
      else { return sum }
      return sum + WeightStore.bytes(reference, tensor)
    }
  }

  package func cacheLayout(_ format: KVFormat) -> KVLayout { network.cacheLayout(format) }

  package func check(_ format: KVFormat) throws(InferenceError) { try network.check(format) }
}
