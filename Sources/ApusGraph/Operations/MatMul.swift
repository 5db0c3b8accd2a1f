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

package struct MatMul: Operation {
  package static let name = "matmul"
  /// Whether the third input is a second row of activations, which adds to the first one's sums.
  package var hasRest = false
  /// Whether the last input is added to each row: the fused form of `matmul` + `addrow`.
  package var hasBias = false
  /// Applied to the sums, bias included: the fused form of `matmul` + `activate`.
  package var activation: Activation?

  /// Activations `[tokens, k]` in the weight's form and a weight `[rows, k]` give f32 `[tokens, rows]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2 + (hasRest ? 1 : 0) + (hasBias ? 1 : 0), case .weight = inputs[1].element,
      case .fixed(let rows) = inputs[1].rows, inputs[0].columns == inputs[1].columns,
      !hasRest || inputs[2] == inputs[0]
    else {
      throw .shape(operation: Self.name, message: "wants activations and a matching weight, got \(inputs)")
    }
    return [ValueType(.f32, rows: inputs[0].rows, columns: rows)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    let weights = Double(sizes[inputs[1].rows])
    return Cost(
      flops: (hasRest ? 4 : 2) * Double(sizes[inputs[0].rows]) * weights * Double(inputs[1].columns),
      bytes: streamedBytes(inputs, sizes) + streamedBytes(outputs, sizes))
  }

  package var rowsAreIndependent: Bool { true }
  package var detail: String {
    [hasRest ? "+ rest" : nil, hasBias ? "+ bias" : nil, activation?.rawValue].compactMap { $0 }.joined(
      separator: ", ")
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    guard case .matrix(let matrix) = inputs[1].parameter else {
      preconditionFailure("a product reads a packed matrix")
    }
    return MatMulKernel(
      matrix: matrix, x: inputs[0], rest: hasRest ? inputs[2] : nil, y: outputs[0],
      bias: hasBias ? inputs.last!.vector : nil,
      activation: activation, context)
  }
}

/// Units are runs of panels; every unit takes all tokens.
private final class MatMulKernel: Kernel {
  private let gemm: ProductKernel
  private let matrix: PackedMatrix
  private let x: Operand
  private let rest: Operand?
  private let y: Operand
  private let bias: FloatVector?
  private let activation: Activation?
  private let workers: Int
  /// Of the step at hand.
  private var panelsPerUnit = 1

  init(
    matrix: PackedMatrix, x: Operand, rest: Operand?, y: Operand, bias: FloatVector?,
    activation: Activation?, _ context: KernelContext
  ) {
    let form = if case .activation(let form) = x.type.element { form } else { ActivationForm.f32 }
    gemm = context.cpu.product(matrix.layout, for: form)
    self.matrix = matrix
    self.x = x
    self.rest = rest
    self.y = y
    self.bias = bias
    self.activation = activation
    workers = context.workers
  }

  override func unitCount(_ step: Step) -> Int {
    let tokens = step.sizes[x.type.rows]
    guard tokens > 0 else { return 0 }
    panelsPerUnit = PackedMatrix.panelsPerUnit(
      panels: matrix.panelCount, panelBytes: matrix.panelBytes, tokens: tokens, columns: matrix.columns,
      workers: workers)
    return (matrix.panelCount + panelsPerUnit - 1) / panelsPerUnit
  }

  override func run(unit: Int, worker: Int, _ step: Step) {
    let first = unit * panelsPerUnit
    let row = first * APUS_LANES
    var arguments = apus_gemm()
    arguments.panels = matrix.panel(first)
    arguments.panel_bytes = matrix.panelBytes
    arguments.rows = Int32(min(panelsPerUnit * APUS_LANES, matrix.rows - row))
    arguments.k = matrix.columns
    arguments.x = UnsafeRawPointer(x.base!)
    arguments.x_bytes = x.rowBytes
    arguments.tokens = Int32(step.sizes[x.type.rows])
    arguments.y = y.floats + row
    arguments.y_stride = y.stride
    if let rest {
      gemm(&arguments)
      arguments.x = UnsafeRawPointer(rest.base!)
      arguments.accumulate = 1
    }
    arguments.bias = bias.map { UnsafePointer($0.base + row) }
    arguments.activation = activation?.kind ?? APUS_IDENTITY
    gemm(&arguments)
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

  private mutating func rounded(_ x: ValueID, to form: ActivationForm) throws(GraphError) -> ValueID {
    if form == .f32 { return x }
    let key = RoundingKey(value: x, form: form)
    if let known = rounded[key] { return known }
    let value = try apply(Round(form: form), [x])[0]
    rounded[key] = value
    return value
  }
}
