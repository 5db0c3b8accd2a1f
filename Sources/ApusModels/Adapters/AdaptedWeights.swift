// A model's weights with adapters beside them: the network's builder asks which of its products are changed, and everything
// behind it (passes, plans, profiles, serving, training) sees ordinary weights.

import ApusTensor

/// The change of a product as the network's builder sees it.
package struct LowRankTerm: Sendable {
  /// Names of tensors.
  package let a: String
  package let b: String
  package let rank: Int
  package let factor: Float
}

/// A source of weights whose products are changed by adapters.
package struct AdaptedWeights: WeightSource {
  package let base: any WeightSource
  private let terms: [String: [LowRankTerm]]
  private let tensors: [String: (description: TensorDescription, values: FloatVector)]

  /// - Parameter adapters: checked against the model, each with a factor of its own.
  package init(_ base: any WeightSource, _ adapters: [(adapter: LowRankAdapter, scale: Double)]) {
    self.base = base
    var terms: [String: [LowRankTerm]] = [:]
    var tensors: [String: (description: TensorDescription, values: FloatVector)] = [:]
    for (number, (adapter, scale)) in adapters.enumerated() {
      for change in adapter.changes {
        let a = AdapterTensor.a(of: change.target, number: number)
        let b = AdapterTensor.b(of: change.target, number: number)
        tensors[a] = (
          TensorDescription(name: a, type: .f32, rows: change.rank, columns: change.columns), change.a
        )
        tensors[b] = (
          TensorDescription(name: b, type: .f32, rows: change.rows, columns: change.rank), change.b
        )
        terms[change.target, default: []].append(
          LowRankTerm(a: a, b: b, rank: change.rank, factor: Float(scale * change.factor)))
      }
    }
    (self.terms, self.tensors) = (terms, tensors)
  }

  package var name: String { base.name }
  package var architecture: String? { base.architecture }
  package func hyperparameter(_ key: String) -> HyperparameterValue? { base.hyperparameter(key) }
  package func fileKey(_ key: String) -> String { base.fileKey(key) }
  package func has(_ name: String) -> Bool { base.has(name) }
  package func lowRankTerms(of tensor: String) -> [LowRankTerm] { terms[tensor] ?? [] }

  package func tensor(_ name: String) -> TensorDescription? {
    tensors[name]?.description ?? base.tensor(name)
  }

  package func tensor(_ name: String, rows: Int, columns: Int) -> TensorDescription? {
    tensors[name]?.description ?? base.tensor(name, rows: rows, columns: columns)
  }

  package func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    tensors[tensor.name].map { UnsafeRawPointer($0.values.base) } ?? base.bytes(of: tensor)
  }

  package func release(_ tensor: TensorDescription) {
    if tensors[tensor.name] == nil { base.release(tensor) }
  }
}
