// An activation function, element by element.

import ApusTensor
import CApusKernels

/// The activation functions of the architectures.
package enum Activation: String, Sendable, CaseIterable {
  /// x · sigmoid(x)        arXiv:1702.03118
  case silu
  /// GELU by its tanh approximation        arXiv:1606.08415
  case geluTanh = "gelu-tanh"
  /// GELU by erf
  case geluErf = "gelu-erf"
  case relu
  /// max(0, x)²        arXiv:2109.08668
  case reluSquared = "relu²"
  case tanh

  var kind: apus_unary {
    switch self {
    case .silu: APUS_SILU
    case .geluTanh: APUS_GELU_TANH
    case .geluErf: APUS_GELU_ERF
    case .relu: APUS_RELU
    case .reluSquared: APUS_RELU_SQUARED
    case .tanh: APUS_TANH
    }
  }
}

package struct Activate: Operation {
  package static let name = "activate"
  package var activation: Activation

  /// f32 `[rows, n]` gives f32 `[rows, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 1, inputs[0].element == .f32 else {
      throw .shape(operation: Self.name, message: "wants floats, got \(inputs)")
    }
    return inputs
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 20)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 0 }
  package var detail: String { activation.rawValue }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, y) = (inputs[0], outputs[0])
    let (columns, kind) = (Int32(y.type.columns), activation.kind)
    let unary = context.cpu.pointee.unary!
    return RowKernel(rows: y.type.rows, elementsPerRow: y.type.columns) { row, _, _ in
      unary(kind, x.floats + row * x.stride, columns, y.floats + row * y.stride)
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    let gradient = try g.apply(
      ActivateGradient(activation: activation), [node.inputs[0], g.outputGradient(node)])[0]
    try g.add(gradient, to: node.inputs[0])
  }
}

extension GraphBuilder {
  /// `activation(x)`.
  package mutating func activate(_ x: ValueID, _ activation: Activation) throws(GraphError) -> ValueID {
    try apply(Activate(activation: activation), [x])[0]
  }
}

/// dx = dy · activation′(x)
package struct ActivateGradient: Operation {
  package static let name = "activate-gradient"
  package var activation: Activation

  /// f32 x and dy of one shape give f32 dx of that shape.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[0] == inputs[1] else {
      throw .shape(operation: Self.name, message: "wants x and dy of one shape, got \(inputs)")
    }
    return [inputs[0]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 30)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 1 }
  package var detail: String { activation.rawValue }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, dy, dx) = (inputs[0], inputs[1], outputs[0])
    let (columns, kind) = (Int32(dx.type.columns), activation.kind)
    let gradient = context.cpu.pointee.unary_gradient!
    return RowKernel(rows: dx.type.rows, elementsPerRow: dx.type.columns) { row, _, _ in
      gradient(
        kind, x.floats + row * x.stride, dy.floats + row * dy.stride, columns, dx.floats + row * dx.stride)
    }
  }
}

extension Activate {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    [inputs[0].map(activation.value)]
  }

  package static var cases: [OperationCase] {
    Activation.allCases.map { activation in
      OperationCase("\(name) \(activation.rawValue)") { b in
        try b.activate(b.example("x", columns: 7), activation)
      }
    }
  }
}

extension ActivateGradient {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, dy) = (inputs[0], inputs[1])
    return [ReferenceTensor(rows: x.rows, columns: x.columns) { dy[$0, $1] * activation.slope(x[$0, $1]) }]
  }

  package static var cases: [OperationCase] { Activate.cases }
}

extension Activation {
  /// The function in plain arithmetic.
  func value<S: ReferenceScalar>(_ x: S) -> S {
    switch self {
    case .silu: x / (1 + S.exp(-x))
    case .geluTanh: 0.5 * x * (1 + S.tanh(Self.geluInner(x)))
    case .geluErf: 0.5 * x * (1 + S.erf(x / S(2).squareRoot()))
    case .relu: max(0, x)
    case .reluSquared: max(0, x) * max(0, x)
    case .tanh: S.tanh(x)
    }
  }

  /// Its derivative.
  func slope<S: ReferenceScalar>(_ x: S) -> S {
    switch self {
    case .silu:
      let sigmoid = 1 / (1 + S.exp(-x))
      return sigmoid + x * sigmoid * (1 - sigmoid)
    case .geluTanh:
      let t = S.tanh(Self.geluInner(x))
      let inner = S(2 / Double.pi).squareRoot() * (1 + 3 * S(Self.geluCubic) * x * x)
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner
    case .geluErf:
      let density = S.exp(-0.5 * x * x) / S(2 * Double.pi).squareRoot()
      return 0.5 * (1 + S.erf(x / S(2).squareRoot())) + x * density
    case .relu: return x > 0 ? 1 : 0
    case .reluSquared: return x > 0 ? 2 * x : 0
    case .tanh: return 1 - S.tanh(x) * S.tanh(x)
    }
  }

  private static let geluCubic = 0.044715

  /// √(2/π)·(x + 0.044715·x³)
  private static func geluInner<S: ReferenceScalar>(_ x: S) -> S {
    S(2 / Double.pi).squareRoot() * x * (1 + S(geluCubic) * x * x)
  }
}
