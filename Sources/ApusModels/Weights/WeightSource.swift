// Where a model's numbers come from, whatever the file: hyper-parameters by key, tensors by name.

import ApusBasics
import ApusTensor

/// A tensor of a model file: `rows` rows of `columns` values. Vectors have one row.
package struct TensorDescription: Hashable, Sendable {
  package var name: String
  package var type: TensorType
  package var rows: Int
  package var columns: Int

  package init(name: String, type: TensorType, rows: Int, columns: Int) {
    self.name = name
    self.type = type
    self.rows = rows
    self.columns = columns
  }
}

/// A number or text of a model's metadata.
package enum HyperparameterValue: Sendable, CustomStringConvertible {
  case integer(Int)
  case real(Double)
  case text(String)
  case flag(Bool)
  case integers([Int])
  case flags([Bool])

  /// The value as a file shows it.
  package var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let value): "the text \"\(value)\""
    case .flag(let value): "\(value)"
    case .integers(let values): "\(values)"
    case .flags(let values): "\(values)"
    }
  }
}

/// A model file as architectures see it.
package protocol WeightSource: Sendable {
  /// The file's name, for messages.
  var name: String { get }
  /// `general.architecture`.
  var architecture: String? { get }
  /// A hyper-parameter by its full key, "llama.block_count"; nil when absent or of another kind.
  func hyperparameter(_ key: String) -> HyperparameterValue?
  /// What the file itself calls a hyper-parameter, for messages.
  func fileKey(_ key: String) -> String
  func tensor(_ name: String) -> TensorDescription?
  /// The tensor of that name where the network's sizes want `rows × columns`: what a model that does not exist yet
  /// answers with a tensor of that shape.
  func tensor(_ name: String, rows: Int, columns: Int) -> TensorDescription?
  /// Whether there is such a tensor, where the network can do without.
  func has(_ name: String) -> Bool
  /// The first byte of a tensor. The source keeps it valid until the tensor is released, or as long as it lives.
  func bytes(of tensor: TensorDescription) -> UnsafeRawPointer
  /// Says that nobody reads the tensor any more before asking for its bytes again, so that its memory may be dropped.
  func release(_ tensor: TensorDescription)
  /// Changes of the product by a weight, in the order they are added.
  func lowRankTerms(of tensor: String) -> [LowRankTerm]
}

extension WeightSource {
  package func lowRankTerms(of tensor: String) -> [LowRankTerm] { [] }
  package func fileKey(_ key: String) -> String { key }
  package func tensor(_ name: String, rows: Int, columns: Int) -> TensorDescription? { tensor(name) }
  package func has(_ name: String) -> Bool { tensor(name) != nil }
}
