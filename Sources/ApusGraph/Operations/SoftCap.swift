// The soft cap of Gemma 2's logits: cap · tanh(x / cap).        arXiv:2408.00118

import ApusTensor

package struct SoftCap: Operation {
  package static let name = "softcap"
  package var cap: Float

  /// f32 `[rows, n]` gives f32 `[rows, n]` within (−cap, cap).
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 1, inputs[0].element == .f32, cap > 0 else {
      throw .shape(operation: Self.name, message: "wants floats and a positive cap, got \(inputs), \(cap)")
    }
    return inputs
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 20)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 0 }
  package var detail: String { "\(cap)" }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, y) = (inputs[0], outputs[0])
    let (columns, cap) = (Int32(y.type.columns), cap)
    let softcap = context.cpu.pointee.softcap!
    return RowKernel(rows: y.type.rows, elementsPerRow: y.type.columns) { row, _, _ in
      softcap(x.floats + row * x.stride, cap, columns, y.floats + row * y.stride)
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    let gradient = try g.apply(SoftCapGradient(cap: cap), [node.inputs[0], g.outputGradient(node)])[0]
    try g.add(gradient, to: node.inputs[0])
  }
}

extension GraphBuilder {
  /// `cap · tanh(x / cap)`.
  package mutating func softCap(_ x: ValueID, _ cap: Float) throws(GraphError) -> ValueID {
    try apply(SoftCap(cap: cap), [x])[0]
  }
}

/// dx = dy · (1 − tanh²(x / cap))
package struct SoftCapGradient: Operation {
  package static let name = "softcap-gradient"
  package var cap: Float

  /// f32 x and dy of one shape give f32 dx of that shape.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[0] == inputs[1] else {
      throw .shape(operation: Self.name, message: "wants x and dy of one shape, got \(inputs)")
    }
    return [inputs[0]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 22)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 1 }
  package var detail: String { "\(cap)" }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, dy, dx) = (inputs[0], inputs[1], outputs[0])
    let (columns, cap) = (Int32(dx.type.columns), cap)
    let gradient = context.cpu.pointee.softcap_gradient!
    return RowKernel(rows: dx.type.rows, elementsPerRow: dx.type.columns) { row, _, _ in
      gradient(
        x.floats + row * x.stride, cap, dy.floats + row * dy.stride, columns, dx.floats + row * dx.stride)
    }
  }
}

extension SoftCap {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    [inputs[0].map { S(cap) * S.tanh($0 / S(cap)) }]
  }

  package static var cases: [OperationCase] {
    [OperationCase("softcap") { b in try b.softCap(b.example("x", columns: 7), 0.75) }]
  }
}

extension SoftCapGradient {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, dy) = (inputs[0], inputs[1])
    return [
      ReferenceTensor(rows: x.rows, columns: x.columns) {
        let t = S.tanh(x[$0, $1] / S(cap))
        return dy[$0, $1] * (1 - t * t)
      }
    ]
  }

  package static var cases: [OperationCase] { SoftCap.cases }
}
