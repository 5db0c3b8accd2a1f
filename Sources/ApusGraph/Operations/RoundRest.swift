// What rounding to bytes left of a row, rounded to bytes itself: together they hold 15 bits of a value. For the few
// products whose results suffer from eight.

import ApusTensor

package struct RoundRest: Operation {
  package static let name = "roundrest"

  /// f32 `[rows, n]` and its bytes `[rows, n]` with a scale per 32 give the same form.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[1].element == .activation(.q32),
      inputs[0].columns == inputs[1].columns, inputs[0].rows == inputs[1].rows
    else {
      throw .shape(operation: Self.name, message: "wants floats and their bytes, got \(inputs)")
    }
    return [inputs[1]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 5)
  }

  package var isRowWise: Bool { true }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, bytes, y) = (inputs[0], inputs[1], outputs[0])
    let columns = Int32(x.type.columns)
    let round = context.cpu.pointee.quantize_rest_q32!
    return RowKernel(rows: y.type.rows, elementsPerRow: x.type.columns) { row, _, _ in
      round(
        x.floats + row * x.stride, columns, bytes.base! + row * bytes.rowBytes, y.base! + row * y.rowBytes)
    }
  }
}

extension RoundRest {
  // Nothing was rounded, so nothing is left.
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, rounded) = (inputs[0], inputs[1])
    return [ReferenceTensor(rows: x.rows, columns: x.columns) { x[$0, $1] - rounded[$0, $1] }]
  }

  package static var cases: [OperationCase] {
    [
      OperationCase("roundrest", isForwardOnly: true) { b in
        let x = try b.activate(b.example("x", columns: 64), .tanh)
        return try b.linear(x, b.exampleWeight("w", rows: 5, columns: 64, type: .q8_0), refined: true)
      }
    ]
  }
}
