// A gated linear unit's product: activation(gate) · up.        Shazeer 2020, arXiv:2002.05202

import ApusTensor

package struct Gate: Operation {
  package static let name = "gate"
  package var activation: Activation

  /// Two f32 `[rows, n]`, gate and up, give f32 `[rows, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[0] == inputs[1] else {
      throw .shape(operation: Self.name, message: "wants gate and up of one shape, got \(inputs)")
    }
    return [inputs[0]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 21)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 0 }
  package var detail: String { activation.rawValue }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (gate, up, y) = (inputs[0], inputs[1], outputs[0])
    let (columns, kind) = (Int32(y.type.columns), activation.kind)
    let gated = context.cpu.pointee.gated!
    return RowKernel(rows: y.type.rows, elementsPerRow: y.type.columns) { row, _, _ in
      gated(
        kind, gate.floats + row * gate.stride, up.floats + row * up.stride, columns,
        y.floats + row * y.stride)
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    let gradients = try g.apply(
      GateGradient(activation: activation), node.inputs + [g.outputGradient(node)])
    try g.add(gradients[0], to: node.inputs[0])
    try g.add(gradients[1], to: node.inputs[1])
  }
}

extension GraphBuilder {
  /// `activation(gate) · up`.
  package mutating func gate(
    _ gate: ValueID, _ up: ValueID, _ activation: Activation
  ) throws(GraphError) -> ValueID {
    try apply(Gate(activation: activation), [gate, up])[0]
  }
}

/// dgate = dy · up · activation′(gate), dup = dy · activation(gate)
package struct GateGradient: Operation {
  package static let name = "gate-gradient"
  package var activation: Activation

  /// f32 gate, up and dy of one shape give f32 dgate and dup of that shape.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 3, inputs[0].element == .f32, inputs.allSatisfy({ $0 == inputs[0] }) else {
      throw .shape(operation: Self.name, message: "wants gate, up and dy of one shape, got \(inputs)")
    }
    return [inputs[0], inputs[0]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 35)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 2 }
  package var detail: String { activation.rawValue }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (gate, up, dy) = (inputs[0], inputs[1], inputs[2])
    let (dgate, dup) = (outputs[0], outputs[1])
    let (columns, kind) = (Int32(dy.type.columns), activation.kind)
    let gradient = context.cpu.pointee.gated_gradient!
    return RowKernel(rows: dy.type.rows, elementsPerRow: 2 * dy.type.columns) { row, _, _ in
      gradient(
        kind, gate.floats + row * gate.stride, up.floats + row * up.stride, dy.floats + row * dy.stride,
        columns, dgate.floats + row * dgate.stride, dup.floats + row * dup.stride)
    }
  }
}

extension Gate {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (gate, up) = (inputs[0], inputs[1])
    return [
      ReferenceTensor(rows: gate.rows, columns: gate.columns) { activation.value(gate[$0, $1]) * up[$0, $1] }
    ]
  }

  package static var cases: [OperationCase] {
    Activation.allCases.map { activation in
      OperationCase("gate \(activation.rawValue)") { b in
        try b.gate(b.example("gate", columns: 7), b.example("up", columns: 7), activation)
      }
    }
  }
}

extension GateGradient {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (gate, up, dy) = (inputs[0], inputs[1], inputs[2])
    return [
      ReferenceTensor(rows: gate.rows, columns: gate.columns) {
        dy[$0, $1] * up[$0, $1] * activation.slope(gate[$0, $1])
      },
      ReferenceTensor(rows: gate.rows, columns: gate.columns) { dy[$0, $1] * activation.value(gate[$0, $1]) },
    ]
  }

  package static var cases: [OperationCase] { Gate.cases }
}
