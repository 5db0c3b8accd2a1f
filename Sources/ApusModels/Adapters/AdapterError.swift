// What can be wrong with an adapter: its file, its settings, or that it was made for another model.

import ApusBasics
import ApusRuntime

/// An adapter that cannot be used or written, with the file, the tensor or the word at fault.
public struct AdapterError: ApusError {
  /// What is wrong.
  public enum Fault: Sendable, Equatable {
    /// A file of the adapter is missing, or is no adapter.
    case notAnAdapter(String)
    /// A setting that is not supported, or has an impossible value.
    case setting(String, String)
    /// A rank outside of 1 to the model's width.
    case rank(Int, largest: Int)
    /// A tensor of the adapter that is damaged or lacks its partner.
    case tensor(String, String)
    /// The adapter changes a tensor that the model lacks or does not multiply with.
    case noSuchTensor(String, model: String)
    /// A shape that does not fit the model's tensor.
    case shape(String, found: [Int], expected: [Int], model: String)
    /// The adapter is for models of another family.
    case architecture(String, model: String, expected: String)
    /// A number that is none, or infinite.
    case notFinite(String, index: Int)
    /// A word that names no product of the model.
    case unknownTarget(String, similar: String?, known: [String])
    /// Two words that name the same product.
    case duplicateTarget(String, String)
    /// The system refused a file.
    case file(FileError)
  }

  /// The adapter's path, or the configuration's key.
  public let name: String
  /// What is wrong with it.
  public let fault: Fault

  package init(_ name: String, _ fault: Fault) {
    self.name = name
    self.fault = fault
  }

  /// What went wrong, in one line.
  public var description: String { "\(name): \(problem)" }

  private var problem: String {
    switch fault {
    case .notAnAdapter(let reason): return reason
    case .setting(let key, let reason): return "\"\(key)\" \(reason)"
    case .rank(let rank, let largest): return "the rank is \(rank); expected 1 to \(largest)"
    case .tensor(let tensor, let reason): return "tensor \"\(tensor)\" \(reason)"
    case .noSuchTensor(let tensor, let model):
      return
        "changes \"\(tensor)\", which is no product of \(model); the adapter was made for another model"
    case .shape(let tensor, let found, let expected, let model):
      return
        "tensor \"\(tensor)\" has shape \(found); \(model) wants \(expected): the adapter was made for another model"
    case .architecture(let found, let model, let expected):
      return "the adapter is for models of the family \"\(found)\"; \(model) is of \"\(expected)\""
    case .notFinite(let tensor, let index):
      return "tensor \"\(tensor)\" has a number that is not finite, at \(index)"
    case .unknownTarget(let word, let similar, let known):
      let hint = similar.map { "; did you mean \"\($0)\"?" } ?? ""
      return
        "\"\(word)\" names no product of the model\(hint); it has \(known.joined(separator: ", ")), or \"all-linear\""
    case .duplicateTarget(let first, let second):
      return first == second
        ? "\"\(first)\" is named twice" : "\"\(first)\" and \"\(second)\" name the same product"
    case .file(let error): return error.description
    }
  }
}
