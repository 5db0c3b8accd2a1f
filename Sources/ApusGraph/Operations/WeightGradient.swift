// The gradient of a product's weight, added to what is gathered:  dW[r][k] += Σ_t dy[t][r] · x[t][k], t ascending.

import ApusTensor
import CApusKernels

package struct WeightGradient: Operation {
  package static let name = "weight-gradient"
  package var isFirst: Bool

  /// dy `[tokens, rows]` and x `[tokens, k]` in one form, and the memory of the gradient `[rows, k]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 3, inputs[0].rows == inputs[1].rows, inputs[0].element == inputs[1].element,
      inputs[2].rows == .fixed(inputs[0].columns), inputs[2].columns == inputs[1].columns
    else {
      throw .shape(operation: Self.name, message: "wants dy, x and a gradient, got \(inputs)")
    }
    return [ValueType(.effect, rows: .fixed(1), columns: inputs[2].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    let elements = Double(inputs[0].columns * inputs[1].columns)
    return Cost(
      flops: 2 * Double(sizes[inputs[0].rows]) * elements,
      bytes: streamedBytes([inputs[0], inputs[1]], sizes) + 8 * elements)
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    WeightGradientKernel(dy: inputs[0], x: inputs[1], memory: inputs[2], isFirst: isFirst, context)
  }
}

/// Units are blocks of the weight: a run of its rows by a run of its columns.
private final class WeightGradientKernel: Kernel {
  private let outer: OuterProducts
  private let isFirst: Bool

  init(dy: Operand, x: Operand, memory: Operand, isFirst: Bool, _ context: KernelContext) {
    outer = OuterProducts(dy: dy, x: x, gradient: memory.gradient, context)
    self.isFirst = isFirst
  }

  override func unitCount(_ step: Step) -> Int { outer.unitCount }

  override func run(unit: Int, worker: Int, _ step: Step) {
    outer.run(
      unit: unit, worker: worker, dyTokens: 0, xTokens: 0, count: step.sizes[outer.dy.type.rows],
      accumulates: !(isFirst && step.startsGradients))
  }
}

/// Sums of outer products of two values' rows, in units that do not depend on the workers' number for their bits.
final class OuterProducts {
  let dy: Operand
  private let x: Operand
  private let gradient: UnsafeMutablePointer<Float>
  private let kernel: OuterKernel
  private let scratch: WorkerScratch
  private let rowsPerUnit: Int
  private let rowUnits: Int
  private let columnUnits: Int

  typealias OuterKernel = @convention(c) (UnsafePointer<apus_outer>?) -> Void

  /// The most columns and rows of a unit: what the kernel keeps packed at once.
  private static let unitColumns = 256
  private static let unitRows = 384

  init(dy: Operand, x: Operand, gradient: UnsafeMutablePointer<Float>, _ context: KernelContext) {
    self.dy = dy
    self.x = x
    self.gradient = gradient
    let table = context.cpu.pointee
    kernel = dy.type.activationForm == .bf16 ? table.outer_bf16! : table.outer_f32!
    scratch = context.scratch
    scratch.reserve(apus_outer_scratch())
    columnUnits = (x.type.columns + Self.unitColumns - 1) / Self.unitColumns
    // Four units a worker balance them; what a unit packs of x pays for itself over 96 rows.
    let rows = dy.type.columns
    let wanted = max(1, (4 * context.workers + columnUnits - 1) / columnUnits)
    rowsPerUnit = min(Self.unitRows, max(96, ((rows + wanted - 1) / wanted + 47) / 48 * 48))
    rowUnits = (rows + rowsPerUnit - 1) / rowsPerUnit
  }

  var unitCount: Int { rowUnits * columnUnits }

  /// Adds `count` tokens' outer products, from row `dyTokens` of dy and row `xTokens` of x on.
  func run(unit: Int, worker: Int, dyTokens: Int, xTokens: Int, count: Int, accumulates: Bool) {
    let row = unit / columnUnits * rowsPerUnit
    let column = unit % columnUnits * Self.unitColumns
    let columns = x.type.columns
    var arguments = apus_outer()
    arguments.a = UnsafeRawPointer(dy.base! + dyTokens * dy.rowBytes)
    arguments.a_bytes = dy.rowBytes
    arguments.first_a = Int32(row)
    arguments.last_a = Int32(min(row + rowsPerUnit, dy.type.columns))
    arguments.b = UnsafeRawPointer(x.base! + xTokens * x.rowBytes)
    arguments.b_bytes = x.rowBytes
    arguments.first_b = Int32(column)
    arguments.last_b = Int32(min(column + Self.unitColumns, columns))
    arguments.tokens = Int32(count)
    arguments.y = gradient + row * columns + column
    arguments.y_stride = columns
    arguments.accumulate = accumulates ? 1 : 0
    arguments.scratch = scratch.block(worker)
    kernel(&arguments)
  }
}

extension WeightGradient {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (dy, x) = (inputs[0], inputs[1])
    let memory = step.gathered(inputs[2], isFirst: isFirst)
    return [
      ReferenceTensor(rows: memory.rows, columns: memory.columns) { row, column in
        S.sum([memory[row, column]] + (0..<dy.rows).map { dy[$0, row] * x[$0, column] })
      }
    ]
  }

  package static var cases: [OperationCase] { MatMul.cases }
}
