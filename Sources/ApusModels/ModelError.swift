// What can be wrong with a model: its metadata, its tensors, its tokenizer.

import ApusBasics

/// A model that cannot be built, with the key or tensor at fault.
public enum ModelError: ApusError {
  /// `general.architecture` is none that Apus knows.
  case unknownArchitecture(String, known: [String])
  /// The network makes vectors or scores and cannot continue texts.
  case notGenerative(architecture: String)
  /// The network gives a score of a text and has no head to continue it with.
  case scorer(String)
  /// A change of another model, and none by itself.
  case adapter(String)
  /// A required metadata key is absent.
  case missingKey(String)
  /// A metadata value is outside what makes sense.
  case invalidKey(String, value: String, expected: String)
  /// Tensors the architecture needs that the file lacks.
  case missingTensors([String])
  /// A tensor whose shape contradicts the hyper-parameters.
  case tensorShape(String, found: [Int], expected: [Int])
  /// A tensor in a format that products cannot read.
  case tensorFormat(String, format: String)
  /// The graph could not be built: a contradiction between hyper-parameters.
  case graph(String)
  /// The weights do not fit.
  case memory(String)

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .unknownArchitecture(let name, let known):
      return "architecture \"\(name)\" is not supported; known: \(known.joined(separator: ", "))"
    case .notGenerative(let architecture):
      return
        "the model (\(architecture)) was made for vectors and cannot continue texts; apus embed, similarity and rerank use it"
    case .scorer(let name):
      return "\(name) gives scores and cannot continue texts; apus score (a reward model) or rerank uses it"
    case .adapter(let name):
      return
        "\(name) is an adapter, which changes a model and is none; name the model, and the adapter beside it with --lora, "
        + "or make one of both with apus merge"
    case .missingKey(let key):
      return "metadata key \"\(key)\" is missing"
    case .invalidKey(let key, let value, let expected):
      return "metadata key \"\(key)\" is \(value); expected \(expected)"
    case .missingTensors(let names):
      let shown = names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
      let rest = names.count > 8 ? " and \(names.count - 8) more" : ""
      return "\(names.count) tensor\(names.count == 1 ? " is" : "s are") missing: \(shown)\(rest)"
    case .tensorShape(let name, let found, let expected):
      return "tensor \"\(name)\" has shape \(found); the hyper-parameters want \(expected)"
    case .tensorFormat(let name, let format):
      return "tensor \"\(name)\" is stored as \(format), which products cannot read"
    case .graph(let message):
      return message
    case .memory(let message):
      return message
    }
  }
}
