// A GGUF file as a source of weights.

import ApusFiles
import ApusTensor

/// Hyper-parameters and tensors of a GGUF file.
package struct GGUFWeights: WeightSource {
  package let file: GGUFFile

  package init(_ file: GGUFFile) {
    self.file = file
  }

  package var name: String { file.name }

  package var architecture: String? { file.metadata["general.architecture"]?.string }

  package func hyperparameter(_ key: String) -> HyperparameterValue? {
    guard let value = file.metadata[key] else { return nil }
    if let number = value.int { return .integer(number) }
    if let number = value.float { return .real(number) }
    if let flag = value.bool { return .flag(flag) }
    if let text = value.string { return .text(text) }
    if let numbers = value.array?.ints { return .integers(numbers) }
    if let flags = value.array?.bools { return .flags(flags) }
    return .text("a value of type \(value.kindText)")
  }

  package func tensor(_ name: String) -> TensorDescription? {
    guard let tensor = file.tensor(named: name) else { return nil }
    return TensorDescription(name: name, type: tensor.type, rows: tensor.rows, columns: tensor.columns)
  }

  package func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    // A tensor that was described is in the file, and a tensor without elements has no description.
    file.bytes(of: file.tensor(named: tensor.name)!).baseAddress!
  }

  package func release(_ tensor: TensorDescription) {
    if let tensor = file.tensor(named: tensor.name) { file.advise(.done, tensor) }
  }
}
