// What sentence-transformers writes beside a model: the chain of modules that make a vector of the last hidden states,
// the length texts are cut at, and the prompts that belong before queries and documents.

import ApusBasics

/// The settings of an embedding model's folder.
public struct SentenceTransformersSettings: Sendable {
  /// How a dense layer behind the pooling is stored.
  public struct Dense: Sendable {
    /// Its weights, `linear.weight` and perhaps `linear.bias`.
    public let weights: SafetensorsFile
  }

  /// `mean`, `cls`, `last`, …: the name of the pooling, or nil when there is no pooling module.
  public var pooling: String?
  /// Dense layers in order.
  public var dense: [Dense] = []
  /// Whether vectors are brought to length 1.
  public var normalizes = false
  /// The most tokens of a text, special ones included.
  public var maximumLength: Int?
  /// Texts to put before others, by name ("query", "document").
  public var prompts: [String: String] = [:]
  /// The prompt for texts that name none.
  public var defaultPrompt: String?

  /// Reads the settings of a folder; nil when it has no `modules.json`.
  static func read(_ folder: String) throws -> (SentenceTransformersSettings?, warnings: [String]) {
    var settings = SentenceTransformersSettings()
    var warnings: [String] = []
    let path = "\(folder)/modules.json"
    guard let document = try HuggingFaceFolder.json(folder, "modules.json") else { return (nil, []) }
    guard let modules = document.array else {
      throw HuggingFaceError(path, .invalid(key: "", expected: "an array"))
    }
    for (index, module) in modules.enumerated() {
      guard let type = module["type"]?.string, let place = module["path"]?.string else {
        throw HuggingFaceError(path, .invalid(key: "[\(index)]", expected: "an object with type and path"))
      }
      guard !place.hasPrefix("/"), !place.split(separator: "/").contains("..") else {
        throw HuggingFaceError(path, .invalid(key: "[\(index)].path", expected: "a folder inside this one"))
      }
      switch type.split(separator: ".").last.map(String.init) ?? "" {
      case "Transformer": break
      case "Pooling": settings.pooling = try pooling("\(folder)/\(place)")
      case "Dense": settings.dense.append(try dense("\(folder)/\(place)"))
      case "Normalize": settings.normalizes = true
      default:
        throw HuggingFaceError(path, .unsupported("module \(index), \(type), is not supported"))
      }
    }
    try settings.readLength(folder)
    try settings.readPrompts(folder, &warnings)
    return (settings, warnings)
  }

  private static func pooling(_ folder: String) throws -> String {
    guard let config = try HuggingFaceFolder.json(folder, "config.json") else {
      throw HuggingFaceError(folder, .missing("config.json"))
    }
    // Newer versions name the mode, older ones have a flag for each.
    if let mode = config["pooling_mode"]?.string { return mode == "lasttoken" ? "last" : mode }
    let flags = ["cls_token": "cls", "mean_tokens": "mean", "lasttoken": "last"]
    let set = (config.object?.keys ?? []).filter {
      $0.hasPrefix("pooling_mode_") && config[$0]?.bool == true
    }
    .map { String($0.dropFirst("pooling_mode_".count)) }
    guard set.count == 1, let name = flags[set[0]] else {
      throw HuggingFaceError(
        "\(folder)/config.json", .unsupported("pooling by \(set.joined(separator: " and ")) is not supported")
      )
    }
    return name
  }

  private static func dense(_ folder: String) throws -> Dense {
    let activation = try HuggingFaceFolder.json(folder, "config.json")?["activation_function"]?.string
    guard activation == nil || activation?.hasSuffix(".Identity") == true else {
      throw HuggingFaceError(
        "\(folder)/config.json", .unsupported("the activation \(activation ?? "") is not supported"))
    }
    return Dense(weights: try SafetensorsFile.open("\(folder)/model.safetensors"))
  }

  private mutating func readLength(_ folder: String) throws {
    guard let value = try HuggingFaceFolder.json(folder, "sentence_bert_config.json")?["max_seq_length"],
      !value.isNull
    else { return }
    guard let length = value.int, length > 0 else {
      throw HuggingFaceError(
        "\(folder)/sentence_bert_config.json", .invalid(key: "max_seq_length", expected: "a positive number"))
    }
    maximumLength = length
  }

  private mutating func readPrompts(_ folder: String, _ warnings: inout [String]) throws {
    let name = "config_sentence_transformers.json"
    guard let config = try HuggingFaceFolder.json(folder, name) else { return }
    for (key, value) in config["prompts"]?.object ?? JSONObject() {
      guard let text = value.string else {
        throw HuggingFaceError("\(folder)/\(name)", .invalid(key: "prompts.\(key)", expected: "a text"))
      }
      prompts[key] = text
    }
    defaultPrompt = config["default_prompt_name"]?.string
    if let missing = defaultPrompt, prompts[missing] == nil {
      warnings.append("\(folder)/\(name): the default prompt \"\(missing)\" is none of the prompts")
      defaultPrompt = nil
    }
  }
}
