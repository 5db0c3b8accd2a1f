// The product of activations with a weight matrix.
//
//   y[t][r] = Σ_k W[r][k] · x[t][k]   (+ Σ_k W[r][k] · rest[t][k])   (+ bias[r])
//
// Where eight bits of an activation are too few, `rest` holds what rounding left of x, rounded the same way.
// The lane of a vector is an output row and k ascends in each, so one token or five hundred, any split of
// the rows over workers, and every instruction set give the same bits.

import ApusRuntime
import ApusTensor
import CApusKernels

package struct MatMul: Operation, Equatable {
  package static let name = "matmul"
  /// Whether the third input is a second row of activations, which adds to the first one's sums.
  package var hasRest = false
  /// Whether the last input is added to each row: the fused form of `matmul` + `addrow`.
  package var hasBias = false
  /// Applied to the sums, bias included: the fused form of `matmul` + `activate`.
  package var activation: Activation?
  /// Whether the last input is added to the result: the fused form of `matmul` + `add`.
  package var hasResidual = false
  /// x · W in place of x · Wᵀ: what carries a gradient back through the product.
  package var isTransposed = false

  /// Activations `[tokens, k]` in the weight's form and a weight `[rows, k]` give f32 `[tokens, rows]`; transposed,
  /// activations `[tokens, rows]` give f32 `[tokens, k]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    let count = 2 + (hasRest ? 1 : 0) + (hasBias ? 1 : 0) + (hasResidual ? 1 : 0)
    guard inputs.count == count, case .weight = inputs[1].element, case .fixed(let rows) = inputs[1].rows,
      inputs[0].columns == (isTransposed ? rows : inputs[1].columns), !hasRest || inputs[2] == inputs[0]
    else {
      throw .shape(operation: Self.name, message: "wants activations and a matching weight, got \(inputs)")
    }
    return [ValueType(.f32, rows: inputs[0].rows, columns: isTransposed ? inputs[1].columns : rows)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    let weights = Double(sizes[inputs[1].rows])
    return Cost(
      flops: (hasRest ? 4 : 2) * Double(sizes[inputs[0].rows]) * weights * Double(inputs[1].columns),
      bytes: streamedBytes(inputs, sizes) + streamedBytes(outputs, sizes))
  }

  package var rowsAreIndependent: Bool { true }
  package var detail: String {
    [
      isTransposed ? "transposed" : nil, hasRest ? "+ rest" : nil, hasBias ? "+ bias" : nil,
      activation?.rawValue, hasResidual ? "+ residual" : nil,
    ].compactMap { $0 }.joined(separator: ", ")
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let form = inputs[0].type.activationForm
    precondition(!hasRest || !isTransposed, "gradients have no rest")
    return MatMulKernel(
      inputs[1].productUnits(isTransposed: isTransposed, form: form, context), x: inputs[0],
      rest: hasRest ? inputs[2] : nil, y: outputs[0],
      bias: hasBias ? inputs[inputs.count - (hasResidual ? 2 : 1)].vector : nil,
      residual: hasResidual ? inputs.last : nil, activation: activation)
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    guard !hasBias, activation == nil, !hasRest, !hasResidual, !isTransposed else {
      throw .shape(operation: Self.name, message: "gradients are taken before products are fused")
    }
    let (x, weight) = (node.inputs[0], node.inputs[1])
    // What is not trained is a packed matrix, whose gradient's product is one of floats, whatever its format.
    var form = ActivationForm.f32
    if g.wants(weight) {
      form = g.builder.type(of: x).activationForm
      guard form == .f32 || form == .bf16 else {
        throw .shape(
          operation: Self.name, message: "a weight with activations as \(form.name) is not trained")
      }
    }
    let dy = try g.builder.rounded(g.outputGradient(node), to: form)
    if g.wants(x) {
      try g.add(try g.apply(MatMul(isTransposed: true), [dy, weight])[0], to: x)
    }
    guard g.wants(weight) else { return }
    try g.gather(into: weight, [dy, x]) { WeightGradient(isFirst: $0) }
  }
}

extension ValueType {
  /// The form of a row of activations.
  var activationForm: ActivationForm {
    if case .activation(let form) = element { form } else { .f32 }
  }
}

/// Every unit takes all tokens.
private final class MatMulKernel: Kernel {
  private let product: ProductUnits
  private let x: Operand
  private let rest: Operand?
  private let y: Operand
  private let bias: FloatVector?
  private let residual: Operand?
  private let activation: Activation?

  init(
    _ product: ProductUnits, x: Operand, rest: Operand?, y: Operand, bias: FloatVector?, residual: Operand?,
    activation: Activation?
  ) {
    self.product = product
    self.x = x
    self.rest = rest
    self.y = y
    self.bias = bias
    self.residual = residual
    self.activation = activation
  }

  override func unitCount(_ step: Step) -> Int { product.unitCount(tokens: step.sizes[x.type.rows]) }

  override func run(unit: Int, worker: Int, _ step: Step) {
    let tokens = step.sizes[x.type.rows]
    guard let rest else {
      product.run(
        unit: unit, worker: worker, x: x, from: 0, count: tokens, into: y, at: 0, bias: bias,
        residual: residual, activation: activation)
      return
    }
    product.run(unit: unit, worker: worker, x: x, from: 0, count: tokens, into: y, at: 0)
    product.run(
      unit: unit, worker: worker, x: rest, from: 0, count: tokens, into: y, at: 0, accumulates: true,
      bias: bias, residual: residual, activation: activation)
  }
}

extension GraphBuilder {
  /// `x · Wᵀ (+ bias)`. The weight's format decides the arithmetic: `x` is first rounded to its form.
  ///
  /// - Parameter refined: whether eight bits of an activation are too few here; what rounding left is then multiplied, too.
  package mutating func linear(
    _ x: ValueID, _ weight: ValueID, bias: ValueID? = nil, refined: Bool = false
  ) throws(GraphError) -> ValueID {
    guard case .weight(let type) = self.type(of: weight).element, let layout = type.layout else {
      throw .shape(operation: MatMul.name, message: "\(self.type(of: weight)) is not a weight for products")
    }
    let form = ActivationForm(layout)
    let rounded = try rounded(x, to: form)
    var inputs = [rounded, weight]
    let hasRest = refined && form == .q32
    if hasRest { inputs.append(try apply(RoundRest(), [x, rounded])[0]) }
    let product = try apply(MatMul(hasRest: hasRest), inputs)[0]
    guard let bias else { return product }
    return try addRow(product, bias)
  }

  /// `x` in the form a product reads; rounded once, however many products read it.
  mutating func rounded(_ x: ValueID, to form: ActivationForm) throws(GraphError) -> ValueID {
    if form == .f32 { return x }
    let key = RoundingKey(value: x, form: form)
    if let known = rounded[key] { return known }
    let value = try apply(Round(form: form), [x])[0]
    rounded[key] = value
    return value
  }
}

extension MatMul {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    var rest = inputs.dropFirst(2)
    let (x, weight) = (inputs[0], inputs[1])
    var y = isTransposed ? x.times(weight) : x.timesTransposed(weight)
    if hasRest { y = y.plus(rest.removeFirst().timesTransposed(weight)) }
    if hasBias {
      let bias = rest.removeFirst()
      y = ReferenceTensor(rows: y.rows, columns: y.columns) { y[$0, $1] + bias[0, $1] }
    }
    if let activation { y = y.map(activation.value) }
    if hasResidual { y = y.plus(rest.removeFirst()) }
    return [y]
  }

  package static var cases: [OperationCase] {
    [
      OperationCase("matmul") { b in
        try b.linear(b.example("x", columns: 7), b.exampleWeight("w", rows: 19, columns: 7))
      },
      OperationCase("matmul in bf16") { b in
        // What the declared values are exact in, a tanh of them is not.
        let x = try b.activate(b.example("x", columns: 7), .tanh)
        return try b.linear(x, b.exampleWeight("w", rows: 5, columns: 7, type: .bf16))
      },
      OperationCase("matmul, bias, activation") { b in
        let product = try b.linear(
          b.example("x", columns: 7), b.exampleWeight("w", rows: 5, columns: 7),
          bias: b.exampleVector("bias", count: 5))
        return try b.activate(product, .geluErf)
      },
      OperationCase("matmul, bias, residual") { b in
        let x = try b.example("x", columns: 7)
        let product = try b.linear(
          x, b.exampleWeight("w", rows: 7, columns: 7), bias: b.exampleVector("bias", count: 7))
        return try b.add(x, product)
      },
      OperationCase("matmul by parts of one weight") { b in
        let x = try b.example("x", columns: 7)
        let first = try b.linear(x, b.exampleWeight("w", rows: 10, columns: 7, part: 0..<5))
        let second = try b.linear(x, b.exampleWeight("w", rows: 10, columns: 7, part: 5..<10))
        return try b.gate(first, second, .silu)
      },
      OperationCase("matmul twice by one weight") { b in
        let weight = b.exampleWeight("w", rows: 7, columns: 7)
        return try b.linear(b.activate(b.linear(b.example("x", columns: 7), weight), .tanh), weight)
      },
    ] + OperationCase.lowRank
  }
}

extension ReferenceTensor {
  /// x · Wᵀ
  func timesTransposed(_ weight: ReferenceTensor) -> ReferenceTensor {
    ReferenceTensor(rows: rows, columns: weight.rows) { row, column in
      Scalar.sum(0..<columns) { self[row, $0] * weight[column, $0] }
    }
  }

  /// x · W
  func times(_ weight: ReferenceTensor) -> ReferenceTensor {
    ReferenceTensor(rows: rows, columns: weight.columns) { row, column in
      Scalar.sum(0..<columns) { self[row, $0] * weight[$0, column] }
    }
  }

  func plus(_ other: ReferenceTensor) -> ReferenceTensor {
    ReferenceTensor(rows: rows, columns: columns) { self[$0, $1] + other[$0, $1] }
  }
}
