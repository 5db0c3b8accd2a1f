// What weights are rounded to in products. Their masters, their gradients and all sums are f32.

import ApusModels
import ApusTensor

extension TrainingPrecision {
  /// The number format keys and values are rounded to.
  package var keyValueFormat: KVFormat { self == .f32 ? .f32 : .bf16 }

  var matrixType: TensorType { self == .f32 ? .f32 : .bf16 }
}

/// A model's weights as a network in training sees them: matrices in the format of its products. Where only adapters are
/// trained, every weight keeps the format it has: it decides the arithmetic, as in inference. A head of scores is f32 always.
package struct PrecisionSource: WeightSource {
  private let base: any WeightSource
  private let precision: TrainingPrecision
  private let isAdapted: Bool

  package init(base: any WeightSource, precision: TrainingPrecision) {
    self.base = base
    self.precision = precision
    isAdapted = base is AdaptedWeights
  }

  package var name: String { base.name }
  package var architecture: String? { base.architecture }
  package func hyperparameter(_ key: String) -> HyperparameterValue? { base.hyperparameter(key) }
  package func fileKey(_ key: String) -> String { base.fileKey(key) }
  package func has(_ name: String) -> Bool { base.has(name) }
  package func tensor(_ name: String) -> TensorDescription? { rounded(base.tensor(name)) }

  package func tensor(_ name: String, rows: Int, columns: Int) -> TensorDescription? {
    rounded(base.tensor(name, rows: rows, columns: columns))
  }

  private func rounded(_ tensor: TensorDescription?) -> TensorDescription? {
    guard var tensor else { return nil }
    if tensor.name == ScoreHead.weight { tensor.type = .f32 }
    guard tensor.rows > 1, !isAdapted else { return tensor }
    tensor.type = precision.matrixType
    return tensor
  }

  package func lowRankTerms(of tensor: String) -> [LowRankTerm] { base.lowRankTerms(of: tensor) }

  /// Only vectors are read from here, and weights that are not trained: others have their masters.
  package func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    precondition(tensor.rows == 1 || isAdapted, "\(tensor.name) is read from its master")
    return base.bytes(of: tensor)
  }

  package func release(_ tensor: TensorDescription) { base.release(tensor) }
}
