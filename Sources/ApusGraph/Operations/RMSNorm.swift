// Root-mean-square normalisation, over whole rows or over groups of a row (the heads, for QK-norm).
//
//   y = x / sqrt(mean(x²) + ε) · w        Zhang and Sennrich 2019, arXiv:1910.07467

import ApusTensor

package struct RMSNorm: Operation {
  package static let name = "rmsnorm"
  package var epsilon: Float

  /// f32 `[rows, n·group]` and a weight of `group` values give f32 of the same shape: each run of `group`
  /// values is normalised by itself.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, case .weight = inputs[1].element,
      inputs[1].columns > 0, inputs[0].columns % inputs[1].columns == 0
    else {
      throw .shape(
        operation: Self.name, message: "wants floats and a weight that divides them, got \(inputs)")
    }
    return [inputs[0]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 4)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 0 }
  package var detail: String { "eps \(epsilon)" }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let weight = inputs[1].vector
    let (x, y) = (inputs[0], outputs[0])
    let (columns, group) = (x.type.columns, weight.count)
    let norm = context.cpu.pointee.rms_norm!
    let epsilon = epsilon
    return RowKernel(rows: y.type.rows, elementsPerRow: columns) { row, _, _ in
      let (from, to) = (x.floats + row * x.stride, y.floats + row * y.stride)
      for start in stride(from: 0, to: columns, by: group) {
        norm(from + start, weight.base, Int32(group), epsilon, to + start)
      }
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    try NormGradient(kind: .rootMeanSquare, epsilon: epsilon).write(node, bias: nil, &g)
  }
}

extension GraphBuilder {
  /// `x` normalised by its root mean square, in groups as long as the weight.
  package mutating func rmsNorm(
    _ x: ValueID, _ weight: ValueID, epsilon: Float
  ) throws(GraphError) -> ValueID {
    try apply(RMSNorm(epsilon: epsilon), [x, weight])[0]
  }
}

extension RMSNorm {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, weight) = (inputs[0], inputs[1])
    let group = weight.columns
    return [
      x.mapRows { row in
        row.indices.map { index in
          let start = index / group * group
          let statistics = NormGradient.Kind.rootMeanSquare.statistics(
            Array(row[start..<start + group]), epsilon: epsilon)
          return row[index] * statistics.inverse * weight[0, index - start]
        }
      }
    ]
  }

  package static var cases: [OperationCase] {
    [
      OperationCase("rmsnorm") { b in
        try b.rmsNorm(b.example("x", columns: 19), b.exampleVector("weight", count: 19), epsilon: 0.03125)
      },
      OperationCase("rmsnorm of three heads") { b in
        try b.rmsNorm(b.example("x", columns: 15), b.exampleVector("weight", count: 5), epsilon: 0.0625)
      },
    ]
  }
}
