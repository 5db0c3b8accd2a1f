// Tiny embedding models and rerankers with random weights, described in Tests/Fixtures/embeddings and made by
// embeddings.py there: as GGUF files in memory, and as folders in the manner of Hugging Face.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTensor
import Testing

/// A network to compare with. The vectors and scores are those of `transformers`.
package struct EmbeddingFixture: Sendable, CustomTestStringConvertible {
  package let name: String
  /// Token ids, each a text or a pair of texts with all special tokens.
  package let texts: [[Int32]]
  /// Which of a pair each token is of, 0 or 1; nil where the network has no use for it.
  package let segments: [[UInt8]]?
  /// What the last of `texts` were before the tokenizer: one string, or two for a reranker. No prompt is before them.
  package let strings: [[String]]
  /// `mean`, `cls`, `last` or `rank`.
  package let pooling: String
  /// For each text its vector of length 1, or its score before any sigmoid.
  package let vectors: [[Float]]
  /// The final states of the first text before pooling, `[tokens, width]`.
  package let hidden: [Float]
  private let description: JSONValue
  /// tokenizer.json.
  private let tokenizer: JSONValue

  package var testDescription: String { name }

  /// Every network there is. `nomic-bert-native` is `nomic-bert` with the names of transformers' own folders.
  package static let names = [
    "bert-mean", "bert-cls", "nomic-bert", "nomic-bert-native", "gemma-embedding", "qwen3-embedding",
    "bert-reranker", "xlm-reranker",
  ]

  package init(_ name: String) throws {
    self.name = name
    let path = Fixtures.path("embeddings/\(name)")
    description = try JSONValue(parsing: #require(readFile(path + ".json")))
    texts = description["texts"]!.array!.map { $0.array!.map { Int32($0.int!) } }
    segments = description["segments"]?.array!.map { $0.array!.map { UInt8($0.int!) } }
    strings = description["strings"]!.array!.map { $0.array!.map { $0.string! } }
    pooling = description["pooling"]!.string!
    tokenizer = try JSONValue(parsing: #require(readFile(Self.tokenizerFile("tokenizer.json", description))))
    let all = try Self.floats(path + ".f32")
    let width = all.count / texts.count
    vectors = texts.indices.map { Array(all[$0 * width..<($0 + 1) * width]) }
    hidden = try Self.floats(path + ".hidden.f32")
  }

  /// The network as a GGUF file in memory.
  ///
  /// - Parameters:
  ///   - encode: how a matrix is stored; nil leaves it f32.
  ///   - leavingOut: a tensor or key to leave out.
  ///   - edit: changes the metadata.
  package func file(
    _ encode: ((String, [Float], Int) -> (TensorType, [UInt8])?)? = nil, leavingOut: String = "",
    edit: (inout GGUFHeader) -> Void = { _ in }
  ) throws -> GGUFFile {
    var tiny = TinyGGUF()
    for entry in description["metadata"]!.array! where entry["key"]!.string! != leavingOut {
      let (key, value) = (entry["key"]!.string!, entry["value"]!)
      switch entry["type"]!.string! {
      case "uint32": tiny.header.set(key, .scalar(UInt32(value.int!)))
      case "float32": tiny.header.set(key, .scalar(Float(value.double!)))
      case "bool": tiny.header.set(key, .scalar(value.bool!))
      default: tiny.header.set(key, .string(value.string!))
      }
    }
    addTokenizer(&tiny.header)
    edit(&tiny.header)
    for entry in description["tensors"]!.array! where entry["name"]!.string! != leavingOut {
      let tensor = Tensor(entry)
      let dimensions = Array(tensor.shape.reversed())
      if tensor.shape.count == 2, let (type, bytes) = encode?(tensor.name, tensor.values, tensor.shape[1]) {
        tiny.add(tensor.name, type, dimensions, bytes)
      } else {
        tiny.add(tensor.name, dimensions, tensor.values)
      }
    }
    return try GGUFFile(bytes: tiny.bytes(), name: name + ".gguf")
  }

  /// Writes the network as a folder: config.json, the tokenizer, f32 safetensors under Hugging Face's names, and what
  /// sentence-transformers adds.
  ///
  /// - Parameter path: a directory; it is made where it is missing.
  package func writeFolder(at path: String) throws {
    try makeDirectory(path)
    for directory in directories { try makeDirectory(path + "/" + directory) }
    try writeFile(path + "/config.json", Array(description["config"]!.serialized(pretty: true).utf8))
    for (file, content) in description["files"]!.object! {
      try writeFile(path + "/" + file, Array(content.serialized(pretty: true).utf8))
    }
    for file in Self.tokenizerFiles {
      try writeFile(path + "/" + file, #require(readFile(Self.tokenizerFile(file, description))))
    }
    let tensors = folderTensors
    for file in weightFiles { try writeFile(path + "/" + file, Self.safetensors(tensors[file]!)) }
  }

  /// Writes the folder into a temporary directory, and removes it after `body`.
  package func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let scratch = ScratchDirectory()
    return try withExtendedLifetime(scratch) {
      let path = scratch.path + "/" + name
      try writeFolder(at: path)
      return try body(path)
    }
  }

  // MARK: Weights

  /// A tensor of the description, with its weights.
  private struct Tensor {
    var name: String
    var shape: [Int]
    var values: [Float]

    init(_ entry: JSONValue) {
      name = entry["name"]!.string!
      shape = entry["shape"]!.array!.map { $0.int! }
      values = ModelFixture.values(entry, count: shape.reduce(1, *))
    }
  }

  /// The tensors of each file of the folder, made of those of the GGUF file.
  private var folderTensors: [String: [Tensor]] {
    let entries = description["tensors"]!.array!.map { ($0["name"]!.string!, Tensor($0)) }
    let sources = Dictionary(uniqueKeysWithValues: entries)
    var files: [String: [Tensor]] = [:]
    for entry in description["huggingface"]!.array! {
      var tensor = sources[entry["from"]!.string!]!
      let width = tensor.values.count / tensor.shape[0]
      tensor.name = entry["name"]!.string!
      if let rows = entry["rows"]?.array?.map({ $0.int! }) {
        tensor.shape[0] = rows[1] - rows[0]
        tensor.values = Array(tensor.values[rows[0] * width..<rows[1] * width])
      }
      if let less = entry["subtract"]?.double { tensor.values = tensor.values.map { $0 - Float(less) } }
      if let rows = entry["zeros"]?.int {
        tensor.shape[0] += rows
        tensor.values = [Float](repeating: 0, count: rows * width) + tensor.values
      }
      files[Self.weightFile(entry), default: []].append(tensor)
    }
    return files
  }

  private static func safetensors(_ tensors: [Tensor]) -> [UInt8] {
    var writer = SafetensorsWriter()
    for tensor in tensors {
      writer.add(
        tensor.name, type: .f32, shape: tensor.shape, bytes: tensor.values.withUnsafeBytes { [UInt8]($0) })
    }
    return writer.bytes()
  }

  // MARK: Files

  private static let tokenizerFiles = ["tokenizer.json", "tokenizer_config.json"]

  private static func tokenizerFile(_ file: String, _ description: JSONValue) -> String {
    Fixtures.path("embeddings/tokenizers/\(description["tokenizer"]!.string!)/\(file)")
  }

  private static func weightFile(_ entry: JSONValue) -> String {
    entry["file"]?.string ?? "model.safetensors"
  }

  private var weightFiles: [String] { Set(description["huggingface"]!.array!.map(Self.weightFile)).sorted() }

  /// The folders in the folder, and those of modules without files, such as 2_Normalize.
  private var directories: [String] {
    (description["files"]?["modules.json"]?.array ?? []).compactMap { $0["path"]!.string! }.filter {
      $0 != ""
    }
  }

  private static func floats(_ path: String) throws -> [Float] {
    try #require(readFile(path)).withUnsafeBytes { Array($0.assumingMemoryBound(to: Float.self)) }
  }

  // MARK: The tokenizer of the GGUF file

  /// The vocabulary of tokenizer.json under llama.cpp's keys.
  private func addTokenizer(_ header: inout GGUFHeader) {
    let special = Set(tokenizer["added_tokens"]!.array!.map { $0["content"]!.string! })
    var pieces = tokenizer["model"]!["vocab"]!.object!.keys
    header.set("tokenizer.ggml.token_type", .scalars(pieces.map { Int32(special.contains($0) ? 3 : 1) }))
    let ids: [(String, UInt32)]
    if tokenizer["model"]!["type"]!.string! == "WordPiece" {
      // GGUF files mark the beginnings of words instead of what continues them.
      pieces = pieces.map { piece in
        if special.contains(piece) { return piece }
        return piece.hasPrefix("##") ? String(piece.dropFirst(2)) : "\u{2581}" + piece
      }
      header.set("tokenizer.ggml.model", .string("bert"))
      header.set("tokenizer.ggml.pre", .string("default"))
      ids = [("padding", 0), ("unknown", 1), ("bos", 2), ("cls", 2), ("seperator", 3), ("mask", 4)]
    } else {
      header.set("tokenizer.ggml.model", .string("gpt2"))
      header.set("tokenizer.ggml.pre", .string("gpt-2"))
      header.set(
        "tokenizer.ggml.merges", .strings(tokenizer["model"]!["merges"]!.array!.map { $0.string! }))
      header.set(
        "tokenizer.ggml.add_bos_token", .scalar(description["tokenizer"]!.string! != "bytes-end"))
      header.set("tokenizer.ggml.add_eos_token", .scalar(true))
      ids = [("bos", 0), ("padding", 1), ("eos", 2), ("seperator", 2), ("unknown", 3)]
    }
    header.set("tokenizer.ggml.tokens", .strings(pieces))
    for (name, id) in ids { header.set("tokenizer.ggml.\(name)_token_id", .scalar(id)) }
  }
}
