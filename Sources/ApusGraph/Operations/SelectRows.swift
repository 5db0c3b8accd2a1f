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
      // Bytes, because passes may move a selection to where rows are rounded already.
      (y.base! + row * y.rowBytes).copyMemory(
        from: x.base! + Int(indices[row]) * x.rowBytes, byteCount: y.rowBytes)
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

extension SelectRows {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, indices) = (inputs[0], inputs[1])
    return [ReferenceTensor(rows: indices.rows, columns: x.columns) { x[indices.index($0), $1] }]
  }

  package static var cases: [OperationCase] {
    [("select the last two", OutputRows.last(2)), ("select the first", .first)].map { name, outputs in
      OperationCase(name, ReferenceStep(lengths: [4, 2, 3], outputs: outputs), cache: (1, 2, 4)) { b in
        // As in a last layer: keys are wanted of all tokens, what follows of a few.
        let x = try b.example("x", columns: 8)
        _ = try b.storeKeyValue(x, x, layer: 0)
        return try b.selectOutputs(b.add(x, b.scale(x, by: 1.5)))
      }
    }
  }
}
