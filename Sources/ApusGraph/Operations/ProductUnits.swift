// Products with one weight in units of output columns, for kernels that multiply: whatever holds the weight (floats in
// training, packed panels) and in whichever direction.

import ApusRuntime
import ApusTensor
import CApusKernels

/// The units of a product of rows with a weight, or with its transpose. Their number and bounds follow from the tokens
/// alone, and no sum depends on them.
class ProductUnits {
  /// Units of a product of so many tokens.
  func unitCount(tokens: Int) -> Int { 0 }

  /// Multiplies `count` rows of x, from row `first` on, into rows of y from row `target` on.
  ///
  /// - Parameter accumulates: whether to add to what is there.
  func run(
    unit: Int, worker: Int, x: Operand, from first: Int, count: Int, into y: Operand, at target: Int,
    accumulates: Bool = false, bias: FloatVector? = nil, residual: Operand? = nil,
    activation: Activation? = nil
  ) {}
}

/// Products with packed panels: units are runs of panels.
final class PackedProductUnits: ProductUnits {
  private let gemm: ProductKernel
  private let matrix: PackedMatrix
  private let workers: Int

  /// - Parameter form: of the rows that are multiplied.
  init(_ matrix: PackedMatrix, form: ActivationForm, _ context: KernelContext) {
    gemm = context.cpu.product(matrix.layout, for: form)
    self.matrix = matrix
    workers = context.workers
  }

  private func panelsPerUnit(_ tokens: Int) -> Int {
    PackedMatrix.panelsPerUnit(
      panels: matrix.panelCount, panelBytes: matrix.panelBytes, tokens: tokens, columns: matrix.columns,
      workers: workers)
  }

  override func unitCount(tokens: Int) -> Int {
    guard tokens > 0 else { return 0 }
    let panels = panelsPerUnit(tokens)
    return (matrix.panelCount + panels - 1) / panels
  }

  override func run(
    unit: Int, worker: Int, x: Operand, from first: Int, count: Int, into y: Operand, at target: Int,
    accumulates: Bool = false, bias: FloatVector? = nil, residual: Operand? = nil,
    activation: Activation? = nil
  ) {
    let panels = panelsPerUnit(count)
    let row = unit * panels * APUS_LANES
    var arguments = apus_gemm()
    arguments.panels = matrix.panel(unit * panels)
    arguments.panel_bytes = matrix.panelBytes
    arguments.rows = Int32(min(panels * APUS_LANES, matrix.rows - row))
    arguments.k = matrix.columns
    arguments.x = UnsafeRawPointer(x.base! + first * x.rowBytes)
    arguments.x_bytes = x.rowBytes
    arguments.tokens = Int32(count)
    arguments.y = y.floats + target * y.stride + row
    arguments.y_stride = y.stride
    arguments.accumulate = accumulates ? 1 : 0
    arguments.bias = bias.map { UnsafePointer($0.base + row) }
    arguments.activation = activation?.kind ?? APUS_IDENTITY
    if let residual {
      arguments.residual = UnsafePointer(residual.floats + target * residual.stride + row)
      arguments.residual_stride = residual.stride
    }
    gemm(&arguments)
  }
}

/// x · W of packed panels, W as the floats that its format stands for: how a gradient passes back through a weight that is
/// not trained, quantised or not. A unit is a run of W's columns; it dequantises them a part of W's rows at a time, and the
/// tile stays in the worker's cache while all tokens meet it. Nothing of W is ever in memory as floats as a whole.
///
/// All sums are f32, over ascending rows of W.
final class DequantizedProductUnits: ProductUnits {
  private let gemm: ProductKernel
  private let cpu: KernelTable
  private let matrix: PackedMatrix
  private let scratch: WorkerScratch
  private let unitColumns: Int
  private let partDepth: Int

  /// Rows of W in a part, a multiple of a panel's.
  private static let longestPart = 2048

  init(_ matrix: PackedMatrix, _ context: KernelContext) {
    gemm = context.cpu.product(APUS_LAYOUT_F32, for: .f32)
    cpu = context.cpu
    self.matrix = matrix
    partDepth = min(matrix.panelCount * APUS_LANES, Self.longestPart)
    let panelBytes = apus_panel_bytes(APUS_LAYOUT_F32, partDepth)
    // Four units a worker balance them; more than half a cache's worth of floats would not stay in it.
    let fair = (matrix.columns + 4 * context.workers - 1) / (4 * context.workers)
    let cached = APUS_LANES * max(1, 512 * 1024 / panelBytes)
    unitColumns = max(2 * APUS_LANES, (min(fair, cached) + 2 * APUS_LANES - 1) & ~(2 * APUS_LANES - 1))
    scratch = context.scratch
    scratch.reserve(unitColumns / APUS_LANES * panelBytes)
  }

  override func unitCount(tokens: Int) -> Int {
    tokens == 0 ? 0 : (matrix.columns + unitColumns - 1) / unitColumns
  }

  override func run(
    unit: Int, worker: Int, x: Operand, from first: Int, count: Int, into y: Operand, at target: Int,
    accumulates: Bool = false, bias: FloatVector? = nil, residual: Operand? = nil,
    activation: Activation? = nil
  ) {
    let column = unit * unitColumns
    let columns = min(unitColumns, matrix.columns - column)
    let own = scratch.block(worker).assumingMemoryBound(to: Float.self)
    let panelFloats = apus_panel_bytes(APUS_LAYOUT_F32, partDepth) / 4
    for part in stride(from: 0, to: matrix.rows, by: partDepth) {
      let k = min(partDepth, matrix.rows - part)
      for row in stride(from: 0, to: k, by: APUS_LANES) {
        cpu.pointee.unpack_transposed(
          matrix.layout, matrix.panel((part + row) / APUS_LANES), column, Int32(columns),
          Int32(min(APUS_LANES, k - row)), own + APUS_LANES * row, panelFloats)
      }
      var arguments = apus_gemm()
      arguments.panels = UnsafeRawPointer(own)
      arguments.panel_bytes = 4 * panelFloats
      arguments.rows = Int32(columns)
      arguments.k = k
      arguments.x = UnsafeRawPointer(x.base! + first * x.rowBytes + 4 * part)
      arguments.x_bytes = x.rowBytes
      arguments.tokens = Int32(count)
      arguments.y = y.floats + target * y.stride + column
      arguments.y_stride = y.stride
      arguments.accumulate = part > 0 || accumulates ? 1 : 0
      arguments.activation = APUS_IDENTITY
      if part + k == matrix.rows {
        arguments.bias = bias.map { UnsafePointer($0.base + column) }
        arguments.activation = activation?.kind ?? APUS_IDENTITY
        if let residual {
          arguments.residual = UnsafePointer(residual.floats + target * residual.stride + column)
          arguments.residual_stride = residual.stride
        }
      }
      gemm(&arguments)
    }
  }
}

extension Operand {
  /// The units of products with this weight of rows in `form`.
  func productUnits(isTransposed: Bool, form: ActivationForm, _ context: KernelContext) -> ProductUnits {
    switch parameter {
    case .matrix(let matrix) where isTransposed: return DequantizedProductUnits(matrix, context)
    case .matrix(let matrix): return PackedProductUnits(matrix, form: form, context)
    case .floats(let weights): return FloatProductUnits(weights, isTransposed: isTransposed, context)
    default: preconditionFailure("a product reads a packed matrix, or one in training")
    }
  }
}
