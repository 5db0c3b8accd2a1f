// Tiny networks with random weights, described in Tests/Fixtures/models and made by models.py there. Weights are
// Philox normals keyed by the tensor's name; the logits are those of `transformers`.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTensor
import Testing

/// A network to compare with.
package struct ModelFixture: Sendable, CustomTestStringConvertible {
  package let name: String
  package let tokens: [Int32]
  /// `[tokens, vocabulary]`
  package let logits: [Float]
  private let description: JSONValue

  package var testDescription: String { name }

  /// Every network there is.
  package static let names = [
    "llama", "llama-tied", "llama3", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "gpt2", "phi3",
    "llama-linear", "qwen2-yarn", "gemma3-linear", "phi3-short", "phi3-window",
    "phi3-long",
  ]

  package init(_ name: String) throws {
    self.name = name
    let folder = Fixtures.path("models/\(name)")
    description = try JSONValue(parsing: #require(readFile(folder + ".json")))
    tokens = description["tokens"]!.array!.map { Int32($0.int!) }
    logits = try #require(readFile(folder + ".logits.f32")).withUnsafeBytes {
      Array($0.assumingMemoryBound(to: Float.self))
    }
  }

  package var vocabularySize: Int { logits.count / tokens.count }

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
    try GGUFFile(bytes: fileBytes(encode, leavingOut: leavingOut, edit: edit), name: name + ".gguf")
  }

  /// The bytes of that file.
  package func fileBytes(
    _ encode: ((String, [Float], Int) -> (TensorType, [UInt8])?)? = nil, leavingOut: String = "",
    edit: (inout GGUFHeader) -> Void = { _ in }
  ) throws -> [UInt8] {
    var tiny = TinyGGUF()
    for entry in description["metadata"]!.array! {
      let key = entry["key"]!.string!
      if key == leavingOut { continue }
      switch entry["type"]!.string! {
      case "uint32": tiny.header.set(key, .scalar(UInt32(entry["value"]!.int!)))
      case "float32": tiny.header.set(key, .scalar(Float(entry["value"]!.double!)))
      default: tiny.header.set(key, .string(entry["value"]!.string!))
      }
    }
    addTokenizer(&tiny.header)
    edit(&tiny.header)
    for entry in description["tensors"]!.array! {
      let tensor = entry["name"]!.string!
      if tensor == leavingOut { continue }
      let shape = entry["shape"]!.array!.map { $0.int! }
      let values = Self.values(entry, count: shape.reduce(1, *))
      let dimensions = Array(shape.reversed())
      if shape.count == 2, let (type, bytes) = encode?(tensor, values, shape[1]) {
        tiny.add(tensor, type, dimensions, bytes)
      } else {
        tiny.add(tensor, dimensions, values)
      }
    }
    return tiny.bytes()
  }

  /// Stores matrices in a type that can be written.
  package static func storing(_ type: TensorType) -> (String, [Float], Int) -> (TensorType, [UInt8])? {
    { _, values, columns in
      guard columns % type.blockSize == 0 else { return nil }
      var bytes = [UInt8](repeating: 0, count: values.count / type.blockSize * type.blockBytes)
      values.withUnsafeBufferPointer { values in
        bytes.withUnsafeMutableBytes { (type.format as! any EncodableFormat.Type).encode(values, into: $0) }
      }
      return (type, bytes)
    }
  }

  // MARK: As a folder

  /// `config.json` as transformers writes it.
  package var config: JSONValue { description["config"]! }

  /// Writes the network as a Hugging Face folder: config.json, a tokenizer, safetensors under Hugging Face's names.
  ///
  /// - Parameters:
  ///   - path: a directory; it is made where it is missing.
  ///   - type: how the weights are stored.
  ///   - edit: changes config.json.
  package func writeFolder(
    at path: String, type: TensorType = .f32, edit: (inout JSONObject) -> Void = { _ in }
  ) throws {
    try makeDirectory(path)
    var config = config.object!
    edit(&config)
    try writeFile(path + "/config.json", Array(JSONValue.object(config).serialized(pretty: true).utf8))
    try writeFile(path + "/tokenizer.json", Array(tokenizerDocument.serialized().utf8))
    try writeFile(path + "/model.safetensors", safetensors(type))
  }

  /// Writes the folder into a temporary directory, and removes it after `body`.
  package func withFolder<Result>(
    type: TensorType = .f32, edit: (inout JSONObject) -> Void = { _ in }, _ body: (String) throws -> Result
  ) throws -> Result {
    let scratch = ScratchDirectory()
    return try withExtendedLifetime(scratch) {
      let path = scratch.path + "/" + name
      try writeFolder(at: path, type: type, edit: edit)
      return try body(path)
    }
  }

  private func safetensors(_ type: TensorType) throws -> [UInt8] {
    let entries = description["tensors"]!.array!
    let sources = Dictionary(uniqueKeysWithValues: entries.map { ($0["name"]!.string!, $0) })
    var writer = SafetensorsWriter(metadata: ["format": "pt"])
    for entry in description["huggingface"]!.array! {
      let source = sources[entry["from"]!.string!]!
      var shape = source["shape"]!.array!.map { $0.int! }
      var values = Self.values(source, count: shape.reduce(1, *))
      Self.change(&values, &shape, entry["form"]!.string!)
      var bytes = [UInt8](repeating: 0, count: values.count * type.blockBytes)
      values.withUnsafeBufferPointer { values in
        bytes.withUnsafeMutableBytes { (type.format as! any EncodableFormat.Type).encode(values, into: $0) }
      }
      writer.add(entry["name"]!.string!, type: type, shape: shape, bytes: bytes)
    }
    return writer.bytes()
  }

  /// What models.py's `origins` does to a tensor, written a second time so that a mistake in one shows.
  private static func change(_ values: inout [Float], _ shape: inout [Int], _ form: String) {
    let old = values
    switch form {
    case "same": break
    case "lessOne": values = old.map { $0 - 1 }
    case "transposed":
      let (rows, columns) = (shape[0], shape[1])
      for row in 0..<rows {
        for column in 0..<columns { values[column * rows + row] = old[row * columns + column] }
      }
      shape = [columns, rows]
    default:
      let heads = Int(form.split(separator: " ").last!)!
      let (width, pairs) = (old.count / shape[0], shape[0] / heads / 2)
      for head in 0..<heads {
        for pair in 0..<pairs {
          for part in 0..<2 {
            let from = (head * 2 * pairs + 2 * pair + part) * width
            let to = (head * 2 * pairs + part * pairs + pair) * width
            for column in 0..<width { values[to + column] = old[from + column] }
          }
        }
      }
    }
  }

  /// The pieces of the GGUF file's tokenizer.
  private var tokenizerDocument: JSONValue {
    var vocabulary = JSONObject()
    for (id, piece) in pieces.enumerated() { vocabulary[piece] = .int(Int64(id)) }
    func object(_ members: [(String, JSONValue)]) -> JSONValue {
      var object = JSONObject()
      for (key, value) in members { object[key] = value }
      return .object(object)
    }
    let added = pieces.prefix(3).enumerated().map { id, piece in
      object([("id", .int(Int64(id))), ("content", .string(piece)), ("special", .bool(true))])
    }
    let space = object([
      ("type", .string("Replace")), ("pattern", object([("String", .string(" "))])),
      ("content", .string("\u{2581}")),
    ])
    let model = object([
      ("type", .string("BPE")), ("unk_token", .string("<unk>")), ("byte_fallback", .bool(true)),
      ("vocab", .object(vocabulary)), ("merges", .array([])),
    ])
    return object([("added_tokens", .array(added)), ("normalizer", space), ("model", model)])
  }

  // MARK: Parts

  /// The weights of a tensor's entry: those that are listed, or Philox normals keyed by its name.
  static func values(_ entry: JSONValue, count: Int) -> [Float] {
    if let values = entry["values"]?.array { return values.map { Float($0.double!) } }
    let (mean, deviation) = (entry["mean"]!.double!, entry["std"]!.double!)
    let normals = Philox(key: Philox.key(for: entry["name"]!.string!))
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      normals.fillNormals(buffer)
      for index in buffer.indices { buffer[index] = Float(mean + deviation * Double(buffer[index])) }
      initialized = count
    }
  }

  /// The smallest SentencePiece vocabulary with every byte.
  private var pieces: [String] {
    var pieces = ["<unk>", "<s>", "</s>"]
    for byte in 0..<256 {
      let digits = String(byte, radix: 16, uppercase: true)
      pieces.append("<0x\(digits.count == 1 ? "0" : "")\(digits)>")
    }
    return pieces + (pieces.count..<vocabularySize).map { "[\($0)]" }
  }

  private func addTokenizer(_ header: inout GGUFHeader) {
    let pieces = pieces
    header.set("tokenizer.ggml.model", .string("llama"))
    header.set("tokenizer.ggml.tokens", .strings(pieces))
    header.set("tokenizer.ggml.scores", .scalars((0..<pieces.count).map { -Float($0) }))
    header.set(
      "tokenizer.ggml.token_type",
      .scalars((0..<pieces.count).map { Int32($0 == 0 ? 2 : $0 < 3 ? 3 : $0 < 259 ? 6 : 1) }))
    header.set("tokenizer.ggml.bos_token_id", .scalar(UInt32(1)))
    header.set("tokenizer.ggml.eos_token_id", .scalar(UInt32(2)))
    header.set("tokenizer.ggml.unknown_token_id", .scalar(UInt32(0)))
  }
}
