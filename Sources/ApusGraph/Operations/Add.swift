// The sum of two values of one shape: the residual connection.

import ApusTensor

package struct Add: Operation {
  package static let name = "add"

  /// Two f32 `[rows, n]` give f32 `[rows, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[0] == inputs[1] else {
      throw .shape(operation: Self.name, message: "wants two values of one shape, got \(inputs)")
    }
    return [inputs[0]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 1)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 0 }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (a, b, y) = (inputs[0], inputs[1], outputs[0])
    let columns = Int32(y.type.columns)
    let add = context.cpu.pointee.add!
    return RowKernel(rows: y.type.rows, elementsPerRow: y.type.columns) { row, _, _ in
      add(a.floats + row * a.stride, b.floats + row * b.stride, columns, y.floats + row * y.stride)
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    for input in node.inputs {
      try g.add(g.outputGradient(node), to: input)
    }
  }
}

extension GraphBuilder {
  /// `a + b`.
  package mutating func add(_ a: ValueID, _ b: ValueID) throws(GraphError) -> ValueID {
    try apply(Add(), [a, b])[0]
  }
}

extension Add {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (a, b) = (inputs[0], inputs[1])
    return [ReferenceTensor(rows: a.rows, columns: a.columns) { a[$0, $1] + b[$0, $1] }]
  }

  package static var cases: [OperationCase] {
    [
      OperationCase("add") { b in try b.add(b.example("a", columns: 7), b.example("b", columns: 7)) },
      OperationCase("add to itself") { b in
        let x = try b.example("x", columns: 7)
        return try b.add(x, b.scale(b.add(x, x), by: 0.5))
      },
    ]
  }
}
