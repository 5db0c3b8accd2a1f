// What `apus inspect` looks at: a GGUF file or a Hugging Face folder, seen the same way. Neither needs to be a model that
// Apus can run.

import ApusBasics
import ApusFiles
import ApusModels
import ApusRuntime
import ApusTensor
import ApusText

/// Files to be described.
struct InspectedFiles {
  /// A tensor as its file has it.
  struct Tensor {
    var name: String
    /// The name of its type.
    var type: String
    var shape: [Int]
    var byteCount: Int
    /// Where its data is: from the start of a GGUF file, or of a safetensors file's data.
    var offset: Int
  }

  /// A key and its value as a table shows them.
  struct Entry {
    var key: String
    var type: String
    var value: String
  }

  var name: String
  var byteCount: Int
  /// "GGUF version 3".
  var format: String
  var modelName: String?
  var architecture: String?
  /// Why the folder is no model that Apus runs.
  var problem: String?
  var license: String?
  var tensors: [Tensor]
  var warnings: [String]
  var chatTemplate: String?
  /// Where a chat template would be.
  var templatePlace: String
  var metadata: [Entry]
  /// The metadata, and what else only this kind of file has, as JSON.
  var document: [(name: String, value: JSONValue)]
  var metadataDocument: JSONValue
  /// Nil where the files have no tokenizer.
  var tokenizer: Result<any Tokenizer, any Error>?
  /// A hyper-parameter by its name without the architecture.
  var number: (String) -> Int?
  var verifyUnchanged: () throws -> Void
  var checkWeights: (WorkerPool) -> [WeightFault]

  /// - Throws: `GGUFError`, `HuggingFaceError`, `SafetensorsError`.
  init(_ path: String) throws {
    self = try HuggingFaceFolder.isFolder(path) ? .init(HuggingFaceFolder(path)) : .init(ModelFile.gguf(path))
  }

  private init(_ file: GGUFFile) {
    name = file.name
    byteCount = file.byteCount
    format = "GGUF version \(file.version)"
    modelName = file.metadata["general.name"]?.string
    let architecture = file.metadata["general.architecture"]?.string
    self.architecture = architecture
    license = file.metadata["general.license"]?.string
    tensors = file.tensors.map {
      Tensor(
        name: $0.name, type: $0.type.name, shape: $0.dimensions, byteCount: $0.byteCount, offset: $0.offset)
    }
    warnings = file.warnings
    chatTemplate = file.metadata["tokenizer.chat_template"]?.string
    templatePlace = "tokenizer.chat_template"
    metadata = file.metadata.keys.compactMap { key in
      file.metadata[key].map { Entry(key: key, type: $0.kindText, value: $0.shortText) }
    }
    document = [("version", .integer(file.version)), ("alignment", .integer(file.alignment))]
    metadataDocument = .members(file.metadata.keys.map { ($0, file.metadata[$0]?.document ?? .null) })
    if file.metadata["tokenizer.ggml.model"] != nil { tokenizer = Result { try makeTokenizer(from: file) } }
    number = { name in architecture.flatMap { file.metadata["\($0).\(name)"]?.int } }
    verifyUnchanged = { try file.verifyUnchanged() }
    checkWeights = { file.checkWeights(pool: $0) }
  }

  private init(_ folder: HuggingFaceFolder) throws {
    name = folder.path
    byteCount = folder.weights.byteCount
    format = "a Hugging Face folder"
    architecture = folder.config["model_type"]?.string
    tensors = folder.weights.tensors.map {
      Tensor(
        name: $0.name, type: $0.type?.name ?? $0.dtype.description, shape: $0.shape, byteCount: $0.byteCount,
        offset: $0.range.lowerBound)
    }
    warnings = folder.warnings
    chatTemplate = try folder.chatTemplate()
    templatePlace = "chat_template.jinja, or chat_template in tokenizer_config.json"
    metadata = (folder.config.object ?? JSONObject()).map { key, value in
      Entry(key: key, type: value.kindText, value: visible(value.serialized(), limit: 60))
    }
    document = []
    metadataDocument = folder.config
    if FileKind("\(folder.path)/tokenizer.json") != .none {
      tokenizer = Result { try makeTokenizer(inFolder: folder.path) }
    }
    number = { _ in nil }
    verifyUnchanged = { try folder.weights.verifyUnchanged() }
    checkWeights = { folder.weights.checkWeights(pool: $0) }
    do {
      let weights = try HuggingFaceWeights(folder)
      let architecture = weights.architecture ?? ""
      number = { name in
        if case .integer(let value) = weights.hyperparameter("\(architecture).\(name)") { return value }
        return nil
      }
    } catch {
      problem = (error as? any ApusError)?.description ?? "\(error)"
    }
  }

  /// Weights in all tensors.
  var parameterCount: Int { tensors.reduce(0) { $0 + $1.shape.reduce(1, *) } }
}

extension GGUFValue {
  /// The value in a few words; of an array its count and its first elements.
  fileprivate var shortText: String {
    if let string { return visible(string) }
    guard let array else { return scalarDocument.serialized() }
    let shown = (0..<min(array.count, 4)).map { index in
      let element = array[index]
      return element.string.map { "\"\(visible($0, limit: 20))\"" }
        ?? (element.array == nil ? element.scalarDocument.serialized() : "[…]")
    }
    return "\(countText(array.count)): [" + (shown + (array.count > 4 ? ["…"] : [])).joined(separator: ", ")
      + "]"
  }

  /// Long arrays (vocabularies) are told by their type and count; nobody reads them here.
  fileprivate var document: JSONValue {
    guard let array else { return scalarDocument }
    guard array.count <= 64 else {
      return .members([("type", .string("\(array.elementType)")), ("count", .integer(array.count))])
    }
    return .array((0..<array.count).map { array[$0].document })
  }

  private var scalarDocument: JSONValue {
    if let string { return .string(string) }
    if let bool { return .bool(bool) }
    if let number = float {
      // 1e-05 as a float is 9.999999747378752e-06 as a double: the shorter text is what was meant.
      return .double(type == .float32 ? Double("\(Float(number))") ?? number : number)
    }
    if let int { return .integer(int) }
    // What is left is a uint64 above Int.max.
    return .string("more than \(Int.max)")
  }
}

extension JSONValue {
  /// Its kind in a word.
  fileprivate var kindText: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .int: "integer"
    case .double: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}
