// The rows the head is wanted for, gathered from all tokens.

import ApusTensor

package struct SelectRows: Operation {
  package static let name = "select"

  /// f32 `[tokens, n]` and i32 row indices `[outputs]` give f32 `[outputs, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[1].element == .i32 else {
      throw .shape(operation: Self.name, message: "wants floats and row indices, got \(inputs)")
    }
    return [ValueType(.f32, rows: inputs[1].rows, columns: inputs[0].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    Cost(bytes: 2 * streamedBytes(outputs, sizes))
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, indices, y) = (inputs[0], inputs[1].integers, outputs[0])
    return RowKernel(rows: y.type.rows, elementsPerRow: y.type.columns) { row, _, _ in
      (y.floats + row * y.stride).update(
        from: x.floats + Int(indices[row]) * x.stride, count: y.type.columns)
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    let rows = g.builder.type(of: node.inputs[0]).rows
    let gradient = try g.apply(ScatterRows(rows: rows), [g.outputGradient(node), node.inputs[1]])[0]
    try g.add(gradient, to: node.inputs[0])
  }
}

extension GraphBuilder {
  /// The rows of `x` that the step wants from the head.
  package mutating func selectOutputs(_ x: ValueID) throws(GraphError) -> ValueID {
    try apply(SelectRows(), [x, input(.outputRows)])[0]
  }
}
