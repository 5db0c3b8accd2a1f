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
  public func file(_ name: String) throws -> MappedFile? {
    guard FileKind("\(path)/\(name)") != .none else { return nil }
    return try MappedFile(path: "\(path)/\(name)")
  }

  /// A JSON file of the folder, or nil when there is none.
  public func json(_ name: String) throws -> JSONValue? { try Self.json(path, name) }

  /// Settings are a few kilobytes; a tokenizer is read by a reader of its own.
  private static let settingsLimit = 16 << 20

  static func json(_ folder: String, _ name: String) throws -> JSONValue? {
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
