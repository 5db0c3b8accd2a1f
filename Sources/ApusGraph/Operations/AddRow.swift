// Adds one row to every row: the bias of a linear layer.

import ApusTensor

package struct AddRow: Operation {
  package static let name = "addrow"

  /// f32 `[rows, n]` and n values give f32 `[rows, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[1].columns == inputs[0].columns else {
      throw .shape(operation: Self.name, message: "wants floats and a row as long, got \(inputs)")
    }
    return [inputs[0]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 1)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 0 }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let bias = inputs[1].vector
    let (x, y) = (inputs[0], outputs[0])
    let add = context.cpu.pointee.add!
    return RowKernel(rows: y.type.rows, elementsPerRow: bias.count) { row, _, _ in
      add(x.floats + row * x.stride, bias.base, Int32(bias.count), y.floats + row * y.stride)
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    let gradient = g.outputGradient(node)
    try g.add(gradient, to: node.inputs[0])
    try g.gather(into: node.inputs[1], [gradient]) { SumRows(isFirst: $0) }
  }
}

extension GraphBuilder {
  /// `x + bias`, the bias added to every row.
  package mutating func addRow(_ x: ValueID, _ bias: ValueID) throws(GraphError) -> ValueID {
    try apply(AddRow(), [x, bias])[0]
  }
}

extension AddRow {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, bias) = (inputs[0], inputs[1])
    return [ReferenceTensor(rows: x.rows, columns: x.columns) { x[$0, $1] + bias[0, $1] }]
  }

  package static var cases: [OperationCase] {
    [
      OperationCase("addrow") { b in
        try b.addRow(b.example("x", columns: 21), b.exampleVector("bias", count: 21))
      },
      OperationCase("addrow of parts of one vector, one of them twice") { b in
        let x = try b.example("x", columns: 5)
        let first = b.exampleVector("bias", count: 10, part: 0..<5)
        let second = b.exampleVector("bias", count: 10, part: 5..<10)
        return try b.addRow(b.addRow(b.addRow(x, first), second), first)
      },
    ]
  }
}
