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
    return try GGUFFile(bytes: tiny.bytes(), name: name + ".gguf")
  }

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
  private func addTokenizer(_ header: inout GGUFHeader) {
    var pieces = ["<unk>", "<s>", "</s>"]
    for byte in 0..<256 {
      let digits = String(byte, radix: 16, uppercase: true)
      pieces.append("<0x\(digits.count == 1 ? "0" : "")\(digits)>")
    }
    pieces += (pieces.count..<vocabularySize).map { "[\($0)]" }
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
