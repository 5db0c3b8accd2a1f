// The gradient of a table by its look-ups: each row of dy is added to the row that was looked up.
//
// A unit owns a range of the table's rows and walks all tokens in order, so no two workers write the same row and a
// row's sum has the order of the tokens.

import ApusTensor

package struct EmbeddingGradient: Operation {
  package static let name = "lookup-gradient"
  package var isFirst: Bool

  /// i32 indices, f32 dy `[index rows, n]`, and the memory of the gradient `[table rows, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 3, inputs[0].element == .i32, inputs[0].rows == inputs[1].rows,
      inputs[1].columns == inputs[2].columns, case .fixed = inputs[2].rows
    else {
      throw .shape(operation: Self.name, message: "wants indices, dy and a gradient, got \(inputs)")
    }
    return [ValueType(.effect, rows: .fixed(1), columns: inputs[2].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    let elements = Double(sizes[inputs[1].rows] * inputs[1].columns)
    return Cost(flops: elements, bytes: 12 * elements)
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    EmbeddingGradientKernel(
      indices: inputs[0], dy: inputs[1], memory: inputs[2], isFirst: isFirst, context)
  }
}

private final class EmbeddingGradientKernel: Kernel {
  private let indices: Operand
  private let dy: Operand
  private let memory: UnsafeMutablePointer<Float>
  private let isFirst: Bool
  private let rows: Int
  private let rowsPerUnit: Int
  private let cpu: KernelTable

  init(indices: Operand, dy: Operand, memory: Operand, isFirst: Bool, _ context: KernelContext) {
    guard case .fixed(let rows) = memory.type.rows else { preconditionFailure("a table has a fixed size") }
    self.indices = indices
    self.dy = dy
    self.memory = memory.gradient
    self.isFirst = isFirst
    self.rows = rows
    // Frequent tokens have small numbers: more units than workers even that out.
    rowsPerUnit = max(1, rows / (8 * context.workers) + 1)
    cpu = context.cpu
  }

  override func unitCount(_ step: Step) -> Int { (rows + rowsPerUnit - 1) / rowsPerUnit }

  override func run(unit: Int, worker: Int, _ step: Step) {
    let own = unit * rowsPerUnit..<min((unit + 1) * rowsPerUnit, rows)
    let columns = dy.type.columns
    if isFirst && step.startsGradients {
      (memory + own.lowerBound * columns).update(repeating: 0, count: own.count * columns)
    }
    let add = cpu.pointee.add!
    for token in 0..<step.sizes[dy.type.rows] {
      let row = Int(indices.integers[token])
      guard own.contains(row) else { continue }
      let sum = memory + row * columns
      add(sum, dy.floats + token * dy.stride, Int32(columns), sum)
    }
  }
}

extension EmbeddingGradient {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (indices, dy) = (inputs[0], inputs[1])
    let memory = step.gathered(inputs[2], isFirst: isFirst)
    return [
      ReferenceTensor(rows: memory.rows, columns: memory.columns) { row, column in
        let looking = (0..<indices.rows).filter { indices.index($0) == row }
        return S.sum([memory[row, column]] + looking.map { dy[$0, column] })
      }
    ]
  }

  package static var cases: [OperationCase] { EmbeddingLookup.cases }
}
