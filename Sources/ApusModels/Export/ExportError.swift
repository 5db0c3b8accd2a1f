// What can be wrong when a model is written in a format of others: what the format cannot say is refused by name.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTensor

/// A model that cannot be written as asked.
public enum ExportError: ApusError {
  /// The family has no such format.
  case architecture(String, known: [String])
  /// The format has no place for a tensor.
  case tensor(String, String)
  /// The format cannot say a hyper-parameter.
  case setting(String, String)
  /// A number type that the format does not have.
  case type(TensorType, allowed: [TensorType])
  /// The tokenizer cannot be written in the format.
  case tokenizer(String)
  /// A weight that is no number, or too large for its new type.
  case weight(WeightFault)
  /// The system refused a file.
  case file(FileError)
  /// The output's name cannot be used.
  case output(String, String)

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .architecture(let name, let known):
      "models of the architecture \"\(name)\" are not written; known: \(known.joined(separator: ", "))"
    case .tensor(let name, let problem): "tensor \"\(name)\" \(problem)"
    case .setting(let key, let problem): "\"\(key)\" \(problem)"
    case .type(let type, let allowed):
      "weights cannot be written as \(type) here, only as \(allowed.map(\.name).joined(separator: ", "))"
    case .tokenizer(let problem): "the tokenizer cannot be converted: \(problem)"
    case .weight(let fault): "\(fault)"
    case .file(let error): error.description
    case .output(let path, let problem): "\(path): \(problem)"
    }
  }
}
