// Small graphs that show an operation at work. Each operation declares its own, and tests run all of them: gradients
// against finite differences, kernels against references. Shapes are odd on purpose.

import ApusTensor

/// A graph around an operation, and the step it runs in.
package struct OperationCase: Sendable {
  /// Unique among all cases: the operation's name and what is special here.
  package let name: String
  package var step: ReferenceStep
  /// What keys and values the graph stores: `heads` of `headSize` in each of `layers`.
  package var cache: (layers: Int, heads: Int, headSize: Int)?
  /// Whether there is no gradient to check: nothing that is trained has a part in it, or its format is not trained.
  package var isForwardOnly = false
  /// Tensors whose gradients are not wanted.
  package var frozen: Set<String> = []
  /// Builds the graph and gives the value to check: f32, or losses, from which gradients start by themselves.
  package let build: @Sendable (inout GraphBuilder) throws -> ValueID

  package init(
    _ name: String, _ step: ReferenceStep = ReferenceStep(lengths: [5]),
    cache: (layers: Int, heads: Int, headSize: Int)? = nil, isForwardOnly: Bool = false,
    frozen: Set<String> = [],
    _ build: @escaping @Sendable (inout GraphBuilder) throws -> ValueID
  ) {
    self.name = name
    self.step = step
    self.cache = cache
    self.isForwardOnly = isForwardOnly
    self.frozen = frozen
    self.build = build
  }
}

extension OperationCase: CustomStringConvertible {
  package var description: String { name }
}

extension GraphBuilder {
  /// A value of a case, `[tokens, columns]`: rows of a table by the tokens' ids, so that it is trained like a weight.
  package mutating func example(_ name: String, columns: Int, rows: Int = 16) throws(GraphError) -> ValueID {
    try lookup(input(.tokenIDs), in: exampleWeight(name, rows: rows, columns: columns, role: .lookup))
  }

  /// A matrix of a case.
  package mutating func exampleWeight(
    _ name: String, rows: Int, columns: Int, part: Range<Int>? = nil, type: TensorType = .f32,
    role: ParameterReference.Role = .product
  ) -> ValueID {
    parameter(
      ParameterReference(tensor: name, rows: part ?? 0..<rows, role: role), type: type, columns: columns)
  }

  /// A vector of a case.
  package mutating func exampleVector(_ name: String, count: Int, part: Range<Int>? = nil) -> ValueID {
    let part = part ?? 0..<count
    return parameter(
      ParameterReference(tensor: name, rows: part, role: .vector), type: .f32, columns: part.count)
  }
}
