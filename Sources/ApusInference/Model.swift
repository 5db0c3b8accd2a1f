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
  /// The file it came from.
  public let file: GGUFFile
  /// Text to tokens and back.
  public let tokenizer: any Tokenizer
  /// How conversations are written down for this model, where the file says it.
  public let chatTemplate: String?
  /// Tokens that end a text.
  public let endOfText: Set<Int32>
  package let network: Network
  package let weights: WeightStore

  /// Loads a GGUF file: maps it, checks it, packs its weights for this CPU.
  ///
  /// - Parameters:
  ///   - runtime: the machine; shared between models.
  ///   - progress: called with bytes done and bytes in all while weights are packed.
  /// - Throws: `GGUFError`, `ModelError`, `TokenizerError`, `InferenceError.memory`.
  public convenience init(
    _ path: String, runtime: Runtime, progress: ((Int, Int) -> Void)? = nil
  ) throws {
    try self.init(GGUFFile.open(path), runtime: runtime, progress: progress)
  }

  /// Loads a file that is open already.
  public init(
    _ file: GGUFFile, runtime: Runtime, progress: ((Int, Int) -> Void)? = nil
  ) throws {
    self.runtime = runtime
    self.file = file
    network = try Network(GGUFWeights(file))
    guard network.isGenerative else {
      throw ModelError.notGenerative(architecture: network.architectureName)
    }
    tokenizer = try makeTokenizer(from: file)
    chatTemplate = try file.metadata.string("tokenizer.chat_template")
    endOfText = Set(tokenizer.vocabulary.endOfGeneration)
    let graph = try network.graph(contextLength: network.configuration.contextLength)
    try Self.check(graph, network, runtime)
    weights = try WeightStore(
      graph, from: network.source, workers: runtime.workers, progress: progress)
  }

  /// Loads a GGUF file on a runtime of its own.
  public convenience init(_ path: String) throws {
    try self.init(path, runtime: Runtime())
  }

  /// The family, "llama".
  public var architecture: String { network.architectureName }
  /// Its sizes.
  public var configuration: TransformerConfiguration { network.configuration }
  /// Its name for people, or the file's.
  public var name: String {
    (try? file.metadata.string("general.name")) ?? file.name
  }
  /// Weights of all tensors.
  public var parameterCount: Int { file.tensors.reduce(0) { $0 + $1.elementCount } }

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

  /// The graph, optimised and planned for steps of this size.
  package func plan(
    limits: Sizes, contextLength: Int, optimized: Bool = true, coarse: Bool = false
  ) throws(ModelError) -> Plan {
    var graph = try network.graph(contextLength: contextLength)
    if coarse { _ = graph.coarsenActivations() }
    return Plan(graph, limits: limits, optimized: optimized)
  }

  package func cacheLayout(_ format: KVFormat) -> KVLayout { network.cacheLayout(format) }

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
