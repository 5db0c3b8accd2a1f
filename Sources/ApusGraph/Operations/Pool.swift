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

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    try g.add(try g.apply(PoolGradient(), [g.outputGradient(node)])[0], to: node.inputs[0])
  }
}

extension GraphBuilder {
  /// The mean of each sequence's rows.
  package mutating func meanOfTokens(_ x: ValueID) throws(GraphError) -> ValueID {
    try apply(Pool(), [x])[0]
  }
}

/// Each token's share of its sequence's gradient: dy / tokens.
package struct PoolGradient: Operation {
  package static let name = "pool-gradient"

  /// f32 `[sequences, n]` gives f32 `[tokens, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 1, inputs[0].element == .f32, inputs[0].rows == .sequences else {
      throw .shape(operation: Self.name, message: "wants a row of floats for each sequence, got \(inputs)")
    }
    return [ValueType(.f32, rows: .tokens, columns: inputs[0].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 1)
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (dy, dx) = (inputs[0], outputs[0])
    let (columns, scale) = (Int32(dx.type.columns), context.cpu.pointee.scale!)
    return RowKernel(rows: dx.type.rows, elementsPerRow: dx.type.columns) { token, _, step in
      let sequence = Int(step.tokenSequence[token])
      let share = 1 / Float(step.sequences[sequence].rows.count)
      scale(dy.floats + sequence * dy.stride, share, columns, dx.floats + token * dx.stride)
    }
  }
}

extension Pool {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let x = inputs[0]
    return [
      ReferenceTensor(rows: step.sequences.count, columns: x.columns) { sequence, column in
        let rows = step.sequences[sequence]
        return S.sum(rows) { x[$0, column] } / S(rows.count)
      }
    ]
  }

  package static var cases: [OperationCase] {
    [
      OperationCase("pool", ReferenceStep(lengths: [3, 1, 6])) { b in
        try b.meanOfTokens(b.example("x", columns: 7))
      }
    ]
  }
}

extension PoolGradient {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let dy = inputs[0]
    return [
      ReferenceTensor(rows: step.positions.count, columns: dy.columns) { token, column in
        let sequence = step.sequence(of: token)
        return dy[sequence, column] / S(step.sequences[sequence].count)
      }
    ]
  }

  package static var cases: [OperationCase] { Pool.cases }
}
