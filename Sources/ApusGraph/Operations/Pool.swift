// One row per sequence from the rows of its tokens: their mean.        Reimers and Gurevych 2019, arXiv:1908.10084
//
// Pooling by the first or the last token is a selection of rows (SelectRows), which passes may move forward.

import ApusTensor

package struct Pool: Operation {
  package static let name = "pool"

  /// f32 `[tokens, n]` gives f32 `[sequences, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 1, inputs[0].element == .f32, inputs[0].rows == .tokens else {
      throw .shape(operation: Self.name, message: "wants a row of floats for each token, got \(inputs)")
    }
    return [ValueType(.f32, rows: .sequences, columns: inputs[0].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    Cost(
      flops: Double(sizes.tokens * inputs[0].columns),
      bytes: streamedBytes(inputs, sizes) + streamedBytes(outputs, sizes))
  }

  package var isRowWise: Bool { true }

  /// Tokens are added in order, so a sequence's mean does not depend on what else is in the step.
  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, y) = (inputs[0], outputs[0])
    let columns = Int32(y.type.columns)
    let (add, scale) = (context.cpu.pointee.add!, context.cpu.pointee.scale!)
    let tokens = max(1, context.limits.tokens / max(1, context.limits.sequences))
    return RowKernel(rows: y.type.rows, elementsPerRow: tokens * y.type.columns) { row, _, step in
      let rows = step.sequences[row].rows
      let sum = y.floats + row * y.stride
      sum.update(from: x.floats + rows.lowerBound * x.stride, count: y.type.columns)
      for token in rows.dropFirst() {
        add(sum, x.floats + token * x.stride, columns, sum)
      }
      scale(sum, 1 / Float(rows.count), columns, sum)
    }
  }
}

extension GraphBuilder {
  /// The mean of each sequence's rows.
  package mutating func meanOfTokens(_ x: ValueID) throws(GraphError) -> ValueID {
    try apply(Pool(), [x])[0]
  }
}
