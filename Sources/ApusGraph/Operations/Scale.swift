// A value times a constant: Gemma's embedding scale.

import ApusTensor

package struct Scale: Operation {
  package static let name = "scale"
  package var factor: Float

  /// f32 `[rows, n]` gives f32 `[rows, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 1, inputs[0].element == .f32 else {
      throw .shape(operation: Self.name, message: "wants floats, got \(inputs)")
    }
    return inputs
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 1)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 0 }
  package var detail: String { "× \(factor)" }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, y) = (inputs[0], outputs[0])
    let (columns, factor) = (Int32(y.type.columns), factor)
    let scale = context.cpu.pointee.scale!
    return RowKernel(rows: y.type.rows, elementsPerRow: y.type.columns) { row, _, _ in
      scale(x.floats + row * x.stride, factor, columns, y.floats + row * y.stride)
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    try g.add(g.builder.scale(g.outputGradient(node), by: factor), to: node.inputs[0])
  }
}

extension GraphBuilder {
  /// `x · factor`.
  package mutating func scale(_ x: ValueID, by factor: Float) throws(GraphError) -> ValueID {
    try apply(Scale(factor: factor), [x])[0]
  }
}

extension Scale {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    [inputs[0].map { $0 * S(factor) }]
  }

  package static var cases: [OperationCase] {
    [OperationCase("scale") { b in try b.scale(b.example("x", columns: 7), by: -1.7) }]
  }
}
