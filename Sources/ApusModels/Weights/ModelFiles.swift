// The files of a model, a GGUF file or a Hugging Face folder, opened and not loaded: where every command and every use
// of a model begins. What differs between the two kinds is here; nobody else asks which one it is.

import ApusBasics
import ApusFiles
import ApusGraph
import ApusRuntime
import ApusText

/// A model's files, opened.
public struct ModelFiles: Sendable {
  /// The two kinds.
  package enum Kind: Sendable {
    case gguf(GGUFFile)
    case folder(HuggingFaceFolder)
  }

  /// The path it was opened with.
  public let path: String
  package let kind: Kind
  /// Hyper-parameters and tensors.
  package let source: any WeightSource

  /// Opens the GGUF file or the folder at `path`.
  ///
  /// - Throws: `GGUFError`, `HuggingFaceError`, `SafetensorsError`, `ModelError.adapter`.
  /// - Complexity: O(headers).
  public init(_ path: String) throws {
    if HuggingFaceFolder.isFolder(path) {
      guard !PEFTAdapter.isFolder(path) else { throw ModelError.adapter(path) }
      self = try .init(HuggingFaceFolder(path))
    } else {
      let file = try GGUFFile.open(path)
      guard !GGUFAdapter.isAdapter(file) else { throw ModelError.adapter(path) }
      self = .init(file)
    }
  }

  /// The model with adapters beside its weights.
  ///
  /// - Throws: `AdapterError` for one that is damaged or was made for another model, and what opening it throws.
  /// - Complexity: O(bytes of the adapters).
  public func adapted(by adapters: [AdapterFile]) throws -> ModelFiles {
    guard !adapters.isEmpty else { return self }
    let network = try network()
    guard network.isGenerative else {
      throw ModelError.notGenerative(architecture: network.architectureName)
    }
    var read: [(adapter: LowRankAdapter, scale: Double)] = []
    for file in adapters { read.append((try LowRankAdapter(file.path, for: network), file.scale)) }
    return adapted(by: read)
  }

  /// The model with adapters that were made for it.
  package func adapted(by adapters: [(adapter: LowRankAdapter, scale: Double)]) -> ModelFiles {
    ModelFiles(path: path, kind: kind, source: AdaptedWeights(source, adapters))
  }

  private init(path: String, kind: Kind, source: any WeightSource) {
    (self.path, self.kind, self.source) = (path, kind, source)
  }

  /// A GGUF file that is open already.
  public init(_ file: GGUFFile) {
    path = file.name
    kind = .gguf(file)
    source = GGUFWeights(file)
  }

  /// A folder that is open already.
  public init(_ folder: HuggingFaceFolder) throws {
    path = folder.path
    kind = .folder(folder)
    source = try HuggingFaceWeights(folder)
  }

  /// The model's name for people: the one in the file, or the path's last part.
  public var modelName: String {
    switch kind {
    case .gguf(let file): return file.metadata["general.name"]?.string ?? file.name
    case .folder: return path.split(separator: "/").last.map(String.init) ?? path
    }
  }

  /// What was odd and harmless, one line each.
  public var warnings: [String] {
    switch kind {
    case .gguf(let file): file.warnings
    case .folder(let folder): folder.warnings
    }
  }

  /// The path, and the paths of all files that are open.
  package var paths: [String] {
    switch kind {
    case .gguf(let file): [path] + file.paths
    case .folder(let folder):
      [path] + folder.weights.paths
        + ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"].map {
          "\(path)/\($0)"
        }
    }
  }

  /// Bytes of all files with weights.
  public var byteCount: Int {
    switch kind {
    case .gguf(let file): file.byteCount
    case .folder(let folder): folder.weights.byteCount
    }
  }

  /// Weights in all tensors.
  public var parameterCount: Int {
    switch kind {
    case .gguf(let file): file.tensors.reduce(0) { $0 + $1.elementCount }
    case .folder(let folder): folder.weights.tensors.reduce(0) { $0 + $1.elementCount }
    }
  }

  /// Throws when a file was written, truncated or replaced since it was opened.
  public func verifyUnchanged() throws(FileError) {
    switch kind {
    case .gguf(let file): try file.verifyUnchanged()
    case .folder(let folder): try folder.weights.verifyUnchanged()
    }
  }

  /// The network, its hyper-parameters checked.
  ///
  /// - Throws: `ModelError`, and for a folder `HuggingFaceError` with the file and its own names.
  package func network() throws -> Network {
    try named { () throws(ModelError) in try Network(source) }
  }

  /// The graph of `network`, with errors that name tensors as the files do.
  package func graph(
    _ network: Network, contextLength: Int, for use: NetworkUse = .generation
  ) throws -> Graph {
    if use == .generation {
      if isScorer { throw ModelError.scorer(path) }
      try folderWeights?.requireHead()
    }
    return try named { () throws(ModelError) in try network.graph(contextLength: contextLength, for: use) }
  }

  /// Whether the files are of a network that gives a score in place of logits: a reward model or a reranker.
  package var isScorer: Bool {
    switch kind {
    case .gguf(let file):
      let architecture = file.metadata["general.architecture"]?.string ?? ""
      return file.metadata["\(architecture).pooling_type"]?.int == Pooling.rank.id
    case .folder(let folder):
      return (folder.config["architectures"]?.array ?? []).contains {
        $0.string?.hasSuffix(HuggingFaceLayout.sequenceClassifier) == true
      }
    }
  }

  /// The weights of a folder as they are there.
  package var folderWeights: HuggingFaceWeights? {
    ((source as? AdaptedWeights)?.base ?? source) as? HuggingFaceWeights
  }

  /// Gives errors about a folder the names that are used in it.
  private func named<Result>(_ body: () throws(ModelError) -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      guard let weights = folderWeights else { throw error }
      throw weights.named(error)
    }
  }

  /// The tokenizer.
  ///
  /// - Throws: for a GGUF file `GGUFError`, `ModelError`, `TokenizerError`; for a folder `HuggingFaceError`,
  ///   `HuggingFaceTokenizerError`.
  package func tokenizer() throws -> any Tokenizer {
    switch kind {
    case .gguf(let file): try makeTokenizer(from: file)
    case .folder(let folder): try makeTokenizer(inFolder: folder.path)
    }
  }

  /// How conversations are written down, where the files say it.
  ///
  /// - Throws: `GGUFError`, `HuggingFaceError`.
  package func chatTemplate() throws -> String? {
    switch kind {
    case .gguf(let file): try file.metadata.string("tokenizer.chat_template")
    case .folder(let folder): try folder.chatTemplate()
    }
  }

  /// Ids that end a text by the files' word, besides those the tokenizer knows.
  ///
  /// - Throws: `HuggingFaceError`.
  package func endOfText() throws -> [Int32] {
    switch kind {
    case .gguf: []
    case .folder(let folder): try folder.endOfText().compactMap { Int32(exactly: $0) }
    }
  }

  /// A sampler's setting that the model was published with, by llama.cpp's name: "temp", "top_k".
  package func samplingDefault(_ name: String) -> Double? {
    switch kind {
    case .gguf(let file):
      let value = file.metadata["general.sampling.\(name)"]
      return value?.float ?? value?.int.map(Double.init)
    case .folder(let folder): return folder.samplingDefault(name)
    }
  }
}

extension ModelFiles {
  /// All settings of a sampler that the model was published with, by llama.cpp's names.
  package var samplingSettings: [(name: String, value: Double)] {
    HuggingFaceFolder.samplingKeys.keys.sorted().compactMap { name in
      samplingDefault(name).map { (name, $0) }
    }
  }
}

extension HuggingFaceWeights {
  /// An error about this folder, with the names that its files have for what is wrong.
  func named(_ error: ModelError) -> any ApusError {
    let file = "\(folder.path)/config.json"
    func stored(_ name: String) -> String { storedName(name) ?? name }
    switch error {
    case .missingKey(let key): return HuggingFaceError(file, .unsupported("\"\(key)\" is missing"))
    case .invalidKey(let key, let value, let expected):
      return HuggingFaceError(file, .unsupported("\"\(key)\" is \(value); expected \(expected)"))
    case .missingTensors(let names): return ModelError.missingTensors(names.map(stored))
    case .tensorShape(let name, let found, let expected):
      return ModelError.tensorShape(stored(name), found: found, expected: expected)
    case .tensorFormat(let name, let format): return ModelError.tensorFormat(stored(name), format: format)
    case .unknownArchitecture, .notGenerative, .scorer, .adapter, .graph, .memory: return error
    }
  }
}
