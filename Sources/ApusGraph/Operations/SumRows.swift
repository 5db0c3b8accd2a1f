// The sum of all rows, added to the gradient of a vector: the gradient of a bias.

import ApusTensor

package struct SumRows: Operation {
  package static let name = "sumrows"
  package var isFirst: Bool

  /// f32 `[rows, n]` and the memory of a gradient of n values.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[0].columns == inputs[1].columns else {
      throw .shape(operation: Self.name, message: "wants floats and a gradient as long, got \(inputs)")
    }
    return [ValueType(.effect, rows: .fixed(1), columns: inputs[1].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    Cost(flops: Double(sizes[inputs[0].rows] * inputs[0].columns), bytes: streamedBytes(inputs, sizes))
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, memory, isFirst) = (inputs[0], inputs[1].gradient, isFirst)
    let sum = context.cpu.pointee.sum_rows!
    return ColumnKernel(columns: x.type.columns, rows: x.type.rows, workers: context.workers) {
      columns, rows, step in
      sum(
        x.floats + columns.lowerBound, x.stride, Int32(rows), Int32(columns.count),
        isFirst && step.startsGradients ? 1 : 0, memory + columns.lowerBound)
    }
  }
}

/// Work on columns of all rows: sums down the rows, which start over for no worker.
final class ColumnKernel: Kernel {
  private let columns: Int
  private let rows: Extent
  private let perUnit: Int
  private let body: (_ columns: Range<Int>, _ rows: Int, _ step: Step) -> Void

  /// Two units a worker, of whole cache lines.
  init(
    columns: Int, rows: Extent, workers: Int,
    _ body: @escaping (_ columns: Range<Int>, _ rows: Int, _ step: Step) -> Void
  ) {
    self.columns = columns
    self.rows = rows
    perUnit = max(16, (columns / (2 * workers) + 15) & ~15)
    self.body = body
  }

  override func unitCount(_ step: Step) -> Int { (columns + perUnit - 1) / perUnit }

  override func run(unit: Int, worker: Int, _ step: Step) {
    let first = unit * perUnit
    body(first..<min(first + perUnit, columns), step.sizes[rows], step)
  }
}

extension SumRows {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let x = inputs[0]
    let memory = step.gathered(inputs[1], isFirst: isFirst)
    return [
      ReferenceTensor(rows: 1, columns: x.columns) { _, column in
        S.sum([memory[0, column]] + (0..<x.rows).map { x[$0, column] })
      }
    ]
  }

  package static var cases: [OperationCase] { AddRow.cases }
}
