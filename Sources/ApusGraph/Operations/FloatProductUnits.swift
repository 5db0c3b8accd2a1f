// A product with a weight in training. Panels would be stale after every step of the optimiser, so each unit packs its
// own, from either order of the weight; they stay in the worker's cache while all tokens meet them. With hundreds of
// tokens packing costs about a hundredth of the product.

import ApusRuntime
import ApusTensor
import CApusKernels

/// The units of a product of rows with a weight in training, or with its transpose. A unit is a run of output columns;
/// a long depth comes in parts, between which the sums wait in the output.
final class FloatProductUnits: ProductUnits {
  private let gemm: ProductKernel
  private let cpu: KernelTable
  private let weights: FloatWeights
  private let isTransposed: Bool
  /// A worker's block holds the panels of its unit.
  private let scratch: WorkerScratch
  private let panelBytes: Int
  private let unitColumns: Int
  private let outputs: Int
  private let depth: Int
  private let partDepth: Int

  /// Columns of x in a part: a block of eight panels then fills half of a second-level cache.
  private static let longestPart = 2048

  init(_ weights: FloatWeights, isTransposed: Bool, _ context: KernelContext) {
    gemm = context.cpu.product(weights.layout, for: ActivationForm(weights.layout))
    cpu = context.cpu
    self.weights = weights
    self.isTransposed = isTransposed
    (outputs, depth) = isTransposed ? (weights.columns, weights.rows) : (weights.rows, weights.columns)
    partDepth = min(depth, Self.longestPart)
    panelBytes = apus_panel_bytes(weights.layout, partDepth)
    // Four units a worker balance them; more than half a cache's worth of panels would not stay in it.
    let fair = (outputs + 4 * context.workers - 1) / (4 * context.workers)
    let cached = APUS_LANES * max(1, 512 * 1024 / max(1, panelBytes))
    unitColumns = max(2 * APUS_LANES, (min(fair, cached) + 2 * APUS_LANES - 1) & ~(2 * APUS_LANES - 1))
    scratch = context.scratch
    scratch.reserve(unitColumns / APUS_LANES * panelBytes)
  }

  override func unitCount(tokens: Int) -> Int {
    tokens == 0 ? 0 : (outputs + unitColumns - 1) / unitColumns
  }

  override func run(
    unit: Int, worker: Int, x: Operand, from first: Int, count: Int, into y: Operand, at target: Int,
    accumulates: Bool = false, bias: FloatVector? = nil, residual: Operand? = nil,
    activation: Activation? = nil
  ) {
    let column = unit * unitColumns
    let columns = min(unitColumns, outputs - column)
    let own = scratch.block(worker)
    let (rowStride, columnStride) = isTransposed ? (1, weights.columns) : (weights.columns, 1)
    let width = weights.layout == APUS_LAYOUT_BF16 ? 2 : 4
    for part in stride(from: 0, to: depth, by: partDepth) {
      let k = min(partDepth, depth - part)
      for lane in stride(from: 0, to: columns, by: APUS_LANES) {
        cpu.pointee.pack_floats(
          weights.layout, weights.base + (column + lane) * rowStride + part * columnStride, rowStride,
          columnStride, Int32(min(APUS_LANES, columns - lane)), k, own + lane / APUS_LANES * panelBytes)
      }
      var arguments = apus_gemm()
      arguments.panels = UnsafeRawPointer(own)
      arguments.panel_bytes = panelBytes
      arguments.rows = Int32(columns)
      arguments.k = k
      arguments.x = UnsafeRawPointer(x.base! + first * x.rowBytes + width * part)
      arguments.x_bytes = x.rowBytes
      arguments.tokens = Int32(count)
      arguments.y = y.floats + target * y.stride + column
      arguments.y_stride = y.stride
      arguments.accumulate = part > 0 || accumulates ? 1 : 0
      arguments.activation = APUS_IDENTITY
      if part + k == depth {
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
