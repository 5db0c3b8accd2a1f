// Layer normalisation.
//
//   y = (x − mean) / sqrt(var + ε) · w + b        Ba, Kiros and Hinton 2016, arXiv:1607.06450

import ApusTensor

package struct LayerNorm: Operation {
  package static let name = "layernorm"
  package var epsilon: Float

  /// f32 `[rows, n]`, a weight and a bias of n values give f32 `[rows, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 3, inputs[0].element == .f32,
      inputs[1].columns == inputs[0].columns, inputs[2].columns == inputs[0].columns
    else {
      throw .shape(
        operation: Self.name, message: "wants floats, weight and bias of one length, got \(inputs)")
    }
    return [inputs[0]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 7)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 0 }
  package var detail: String { "eps \(epsilon)" }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (weight, bias) = (inputs[1].vector, inputs[2].vector)
    let (x, y) = (inputs[0], outputs[0])
    let norm = context.cpu.pointee.layer_norm!
    let epsilon = epsilon
    return RowKernel(rows: y.type.rows, elementsPerRow: weight.count) { row, _, _ in
      norm(
        x.floats + row * x.stride, weight.base, bias.base, Int32(weight.count), epsilon,
        y.floats + row * y.stride)
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    try NormGradient(kind: .layer, epsilon: epsilon).write(node, bias: node.inputs[2], &g)
  }
}

extension GraphBuilder {
  /// `x` with mean 0 and variance 1 per row, scaled and shifted.
  package mutating func layerNorm(
    _ x: ValueID, _ weight: ValueID, _ bias: ValueID, epsilon: Float
  ) throws(GraphError) -> ValueID {
    try apply(LayerNorm(epsilon: epsilon), [x, weight, bias])[0]
  }
}

extension LayerNorm {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, weight, bias) = (inputs[0], inputs[1], inputs[2])
    return [
      x.mapRows { row in
        let statistics = NormGradient.Kind.layer.statistics(row, epsilon: epsilon)
        return row.indices.map {
          (row[$0] - statistics.mean) * statistics.inverse * weight[0, $0] + bias[0, $0]
        }
      }
    ]
  }

  package static var cases: [OperationCase] {
    [
      OperationCase("layernorm") { b in
        try b.layerNorm(
          b.example("x", columns: 19), b.exampleVector("weight", count: 19),
          b.exampleVector("bias", count: 19),
          epsilon: 0.03125)
      }
    ]
  }
}
