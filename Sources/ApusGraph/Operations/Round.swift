// Rounds a row of activations to the form that a weight's format multiplies with: bf16, or signed bytes
// with a scale per 32 or 256 values. A rounding is an operation of its own: passes may chain it to its
// neighbours but never remove or move it, so the arithmetic does not depend on the passes.

import ApusTensor

package struct Round: Operation {
  package static let name = "round"
  package var form: ActivationForm

  /// f32 `[rows, n]` gives the form `[rows, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 1, inputs[0].element == .f32 else {
      throw .shape(operation: Self.name, message: "wants floats, got \(inputs)")
    }
    let block = form == .q32 ? 32 : form == .q256 ? 256 : 1
    guard inputs[0].columns % block == 0 else {
      throw .shape(
        operation: Self.name, message: "\(inputs[0].columns) columns are not a multiple of \(block)")
    }
    return [ValueType(.activation(form), rows: inputs[0].rows, columns: inputs[0].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 3)
  }

  package var isRowWise: Bool { true }
  package var detail: String { form.name }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, y) = (inputs[0], outputs[0])
    let columns = Int32(x.type.columns)
    guard let round = context.cpu.rounding(form) else { preconditionFailure("floats are not rounded") }
    return RowKernel(rows: y.type.rows, elementsPerRow: x.type.columns) { row, _, _ in
      round(x.floats + row * x.stride, columns, y.base! + row * y.rowBytes)
    }
  }

  /// Gradients pass straight through: a rounding has no slope of its own.        Bengio et al. 2013, arXiv:1308.3432
  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    try g.add(g.outputGradient(node), to: node.inputs[0])
  }
}

extension Round {
  // Nothing is rounded: a reference is what roundings are measured against.
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    [
      inputs[0].mapRows { row in
        row.indices.map { row[$0].stored(within: form.largestError(row.map(\.double), $0)) }
      }
    ]
  }

  package static var cases: [OperationCase] {
    [
      OperationCase("round to bf16, twice") { b in
        let w = b.exampleWeight("w", rows: 7, columns: 7, type: .bf16)
        return try b.linear(b.linear(b.example("x", columns: 7), w), w)
      },
      OperationCase("round to bytes by 32", isForwardOnly: true) { b in
        let x = try b.activate(b.example("x", columns: 64), .tanh)
        return try b.linear(x, b.exampleWeight("w", rows: 5, columns: 64, type: .q8_0))
      },
    ]
  }
}

extension ActivationForm {
  /// The most that a value of a row changes when it is stored.
  func largestError(_ row: [Double], _ index: Int) -> Double {
    func ofBytes(_ block: Int) -> Double {
      let start = index / block * block
      // Half a step of 127 on either side, and the scale's own rounding.
      return row[start..<min(start + block, row.count)].reduce(0) { max($0, abs($1)) } * (0.5 / 127 + 0x1p-22)
    }
    return switch self {
    case .f32: 0
    case .bf16: abs(row[index]) * 0x1p-8
    case .q32: ofBytes(32)
    case .q256: ofBytes(256)
    }
  }
}
