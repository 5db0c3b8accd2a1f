// Rotary position embedding: each pair of a head's values is turned by the token's angle.
// Su et al. 2021, arXiv:2104.09864

import ApusTensor

package struct Rotary: Operation {
  package static let name = "rotary"
  package var headSize: Int
  /// Pairs are neighbours (2i, 2i+1) rather than halves (i, i + pairs).
  package var interleaved: Bool
  /// Turns back: the gradient.
  package var inverse = false

  /// f32 `[tokens, heads·headSize]` and a table `[tokens, 2·pairs]` give f32 of the first shape. Values of
  /// a head beyond 2·pairs pass unturned.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[0].columns % headSize == 0,
      inputs[0].rows == inputs[1].rows, inputs[1].columns <= headSize
    else {
      throw .shape(
        operation: Self.name, message: "wants whole heads of \(headSize) and a table, got \(inputs)")
    }
    return [inputs[0]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 3)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 0 }
  package var detail: String { (interleaved ? "interleaved" : "halves") + (inverse ? ", back" : "") }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, table, y) = (inputs[0], inputs[1], outputs[0])
    let (headSize, columns) = (headSize, x.type.columns)
    let (pairs, order) = (table.type.columns / 2, Int32(interleaved ? 1 : 0))
    let rope = inverse ? context.cpu.pointee.rope_back! : context.cpu.pointee.rope!
    return RowKernel(rows: y.type.rows, elementsPerRow: columns) { row, _, _ in
      let (from, to) = (x.floats + row * x.stride, y.floats + row * y.stride)
      let angles = table.floats + row * table.stride
      for head in stride(from: 0, to: columns, by: headSize) {
        rope(from + head, angles, Int32(pairs), order, to + head)
        if from != to && 2 * pairs < headSize {
          (to + head + 2 * pairs).update(from: from + head + 2 * pairs, count: headSize - 2 * pairs)
        }
      }
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    var back = self
    back.inverse.toggle()
    try g.add(try g.apply(back, [g.outputGradient(node), node.inputs[1]])[0], to: node.inputs[0])
  }
}

extension GraphBuilder {
  /// `x` with each head's pairs turned by the table's angles.
  package mutating func rotary(
    _ x: ValueID, _ table: ValueID, headSize: Int, interleaved: Bool
  ) throws(GraphError) -> ValueID {
    try apply(Rotary(headSize: headSize, interleaved: interleaved), [x, table])[0]
  }
}

extension Rotary {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, table) = (inputs[0], inputs[1])
    let pairs = table.columns / 2
    var y = x
    for row in 0..<x.rows {
      for head in stride(from: 0, to: x.columns, by: headSize) {
        for pair in 0..<pairs {
          let first = head + (interleaved ? 2 * pair : pair)
          let second = first + (interleaved ? 1 : pairs)
          let cosine = table[row, pair]
          let sine = inverse ? -table[row, pairs + pair] : table[row, pairs + pair]
          y[row, first] = x[row, first] * cosine - x[row, second] * sine
          y[row, second] = x[row, second] * cosine + x[row, first] * sine
        }
      }
    }
    return [y]
  }

  package static var cases: [OperationCase] {
    [true, false].flatMap { interleaved in
      [3, 2].map { pairs in
        OperationCase(
          "rotary \(interleaved ? "interleaved" : "halves"), \(pairs) pairs", ReferenceStep(lengths: [5, 2])
        ) { b in
          let table = try b.rotaryTable(frequencies: Array([1, 0.25, 0.03].prefix(pairs)), magnitude: 1.25)
          return try b.rotary(b.example("x", columns: 18), table, headSize: 6, interleaved: interleaved)
        }
      }
    }
  }
}
