// A model as Hugging Face keeps it: a folder with config.json, safetensors, tokenizer.json, and, for embedding models,
// the files that sentence-transformers adds. What the settings mean to a network is not known here.

import ApusBasics
import ApusRuntime

/// An open model folder.
public final class HuggingFaceFolder: Sendable {
  /// The folder's path, without a slash at its end.
  public let path: String
  /// `config.json`.
  public let config: JSONValue
  /// `generation_config.json`, if there is one.
  public let generation: JSONValue?
  /// The weights, of all shards.
  public let weights: SafetensorsFile
  /// What sentence-transformers wrote beside them, if anything.
  public let sentenceTransformers: SentenceTransformersSettings?
  /// What was odd and harmless, one line each.
  public let warnings: [String]

  /// Opens the folder at `path`.
  ///
  /// - Throws: `HuggingFaceError`, `SafetensorsError`.
  public init(_ path: String) throws {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
    guard FileKind(path) == .folder else { throw HuggingFaceError(path, .notAFolder) }
    guard let config = try Self.json(path, "config.json") else {
      throw HuggingFaceError(path, .missing("config.json"))
    }
    guard config.object != nil else {
      throw HuggingFaceError("\(path)/config.json", .invalid(key: "", expected: "an object"))
    }
    self.config = config
    generation = try Self.json(path, "generation_config.json")
    weights = try Self.openWeights(path)
    (sentenceTransformers, warnings) = try SentenceTransformersSettings.read(path)
  }

  private static func openWeights(_ path: String) throws -> SafetensorsFile {
    for name in ["model.safetensors", "model.safetensors.index.json"]
    where FileKind("\(path)/\(name)") == .file {
      return try SafetensorsFile.open("\(path)/\(name)")
    }
    for name in ["pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "model.bin"]
    where FileKind("\(path)/\(name)") == .file {
      throw HuggingFaceError(path, .pickle(name))
    }
    throw HuggingFaceError(path, .missing("model.safetensors"))
  }

  /// The bytes of a file of the folder, or nil when there is none.
  public func file(_ name: String) throws -> MappedFile? { try Self.file(path, name) }

  /// The bytes of a file of a folder that need not hold a model.
  package static func file(_ folder: String, _ name: String) throws(FileError) -> MappedFile? {
    guard FileKind("\(folder)/\(name)") != .none else { return nil }
    return try MappedFile(path: "\(folder)/\(name)")
  }

  /// A JSON file of the folder, or nil when there is none.
  public func json(_ name: String) throws -> JSONValue? { try Self.json(path, name) }

  /// Settings are a few kilobytes; a tokenizer is read by a reader of its own.
  private static let settingsLimit = 16 << 20

  /// A JSON file of a folder that need not hold a model.
  package static func json(_ folder: String, _ name: String) throws -> JSONValue? {
    let path = "\(folder)/\(name)"
    guard FileKind(path) != .none else { return nil }
    let file = try MappedFile(path: path)
    guard file.byteCount <= settingsLimit else {
      throw HuggingFaceError(path, .tooLarge(bytes: file.byteCount, limit: settingsLimit))
    }
    do {
      return try JSONValue(parsing: Array(file.bytes))
    } catch {
      throw HuggingFaceError(path, .json(error))
    }
  }
}

extension HuggingFaceFolder {
  /// How conversations are written down: chat_template.jinja, or what tokenizer_config.json says; of several templates
  /// the one called "default".
  ///
  /// - Throws: `HuggingFaceError`, `FileError`.
  public func chatTemplate() throws -> String? { try Self.chatTemplate(path) }

  /// Where a template stands that wins over the one in `tokenizer_config.json`.
  package static let chatTemplateFile = "chat_template.jinja"

  /// The same for a folder that need not hold a model.
  package static func chatTemplate(_ folder: String) throws -> String? {
    if let file = try file(folder, chatTemplateFile) {
      guard file.byteCount <= settingsLimit else {
        throw HuggingFaceError(
          "\(folder)/\(chatTemplateFile)", .tooLarge(bytes: file.byteCount, limit: settingsLimit))
      }
      return String(decoding: file.bytes, as: UTF8.self)
    }
    let template = try json(folder, "tokenizer_config.json")?["chat_template"]
    guard let all = template?.array else { return template?.string }
    return all.first { $0["name"]?.string == "default" }?["template"]?.string
  }

  /// Ids of the tokens that end a text: those of generation_config.json, else of config.json.
  ///
  /// - Throws: `HuggingFaceError` for a value that is no id and no list of ids.
  public func endOfText() throws -> [Int] {
    for (file, document) in [("generation_config.json", generation), ("config.json", config)] {
      guard let value = document?["eos_token_id"], !value.isNull else { continue }
      let ids = (value.array ?? [value]).map(\.int)
      guard ids.allSatisfy({ $0 != nil && $0! >= 0 }) else {
        throw HuggingFaceError(
          "\(path)/\(file)", .invalid(key: "eos_token_id", expected: "a token id or a list of token ids"))
      }
      return ids.compactMap { $0 }
    }
    return []
  }

  /// A sampler's setting by llama.cpp's name ("temp", "top_k"), where generation_config.json asks for sampling.
  public func samplingDefault(_ name: String) -> Double? {
    guard generation?["do_sample"]?.bool == true, let key = Self.samplingKeys[name] else { return nil }
    return generation?[key]?.double
  }

  /// What generation_config.json calls llama.cpp's settings.
  package static let samplingKeys = [
    "temp": "temperature", "top_k": "top_k", "top_p": "top_p", "min_p": "min_p",
    "penalty_repeat": "repetition_penalty",
  ]
}

extension HuggingFaceFolder {
  /// Whether `path` names a folder: then it is opened as one, otherwise as a GGUF file.
  public static func isFolder(_ path: String) -> Bool { FileKind(path) == .folder }
}

/// What is wrong with a model folder, in one line that names the file.
public struct HuggingFaceError: ApusError {
  /// What can be wrong.
  public enum Problem: Sendable {
    case notAFolder
    case missing(String)
    case pickle(String)
    case json(JSONError)
    case tooLarge(bytes: Int, limit: Int)
    case invalid(key: String, expected: String)
    case unsupported(String)
  }

  /// The file or folder at fault.
  public let path: String
  /// What is wrong with it.
  public let problem: Problem

  package init(_ path: String, _ problem: Problem) {
    self.path = path
    self.problem = problem
  }

  /// What went wrong, in one line.
  public var description: String {
    switch problem {
    case .notAFolder: "\(path): is not a folder"
    case .missing(let name): "\(path): has no \(name)"
    case .pickle(let name):
      "\(path): holds its weights in \(name), a pickle, which is not read because it can hold any program; save the model as safetensors (transformers: save_pretrained)"
    case .json(let error): "\(path): \(error)"
    case .tooLarge(let bytes, let limit): "\(path): \(bytes) bytes are more than the limit of \(limit)"
    case .invalid(let key, let expected):
      "\(path): \(key.isEmpty ? "the document" : "\"\(key)\"") should be \(expected)"
    case .unsupported(let what): "\(path): \(what)"
    }
  }
}
