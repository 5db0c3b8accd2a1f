// Rows of a table by index: token embeddings, learned positions. Dequantised in the file's own blocks.

import ApusTensor

package struct EmbeddingLookup: Operation {
  package static let name = "lookup"

  /// `[index rows]` of i32 and a table `[rows, columns]` give f32 `[index rows, columns]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .i32, case .weight = inputs[1].element else {
      throw .shape(operation: Self.name, message: "wants indices and a table, got \(inputs)")
    }
    return [ValueType(.f32, rows: inputs[0].rows, columns: inputs[1].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    let rows = sizes[outputs[0].rows]
    return Cost(bytes: Double(rows * (inputs[1].rowBytes + outputs[0].rowBytes)))
  }

  package var isRowWise: Bool { true }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    guard case .table(let table) = inputs[1].parameter else {
      preconditionFailure("a look-up reads a row table")
    }
    let indices = inputs[0].base!.assumingMemoryBound(to: Int32.self)
    let (output, stride) = (outputs[0].floats, outputs[0].stride)
    return RowKernel(rows: outputs[0].type.rows, elementsPerRow: table.columns) { row, _, _ in
      table.copyRow(Int(indices[row]), to: output + row * stride)
    }
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    try g.gather(into: node.inputs[1], [node.inputs[0], g.outputGradient(node)]) {
      EmbeddingGradient(isFirst: $0)
    }
  }
}

extension GraphBuilder {
  /// The table's rows at `indices`.
  package mutating func lookup(_ indices: ValueID, in table: ValueID) throws(GraphError) -> ValueID {
    try apply(EmbeddingLookup(), [indices, table])[0]
  }
}

extension EmbeddingLookup {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (indices, table) = (inputs[0], inputs[1])
    return [
      ReferenceTensor(rows: indices.rows, columns: table.columns) { table[indices.index($0), $1] }
    ]
  }

  package static var cases: [OperationCase] {
    var repeated = ReferenceStep(lengths: [3, 4], secondSegment: 2)
    repeated.tokenIDs = [4, 0, 4, 4, 2, 0, 6]
    return [
      OperationCase("lookup", repeated) { b in try b.example("table", columns: 17, rows: 7) },
      OperationCase("lookup of tokens, positions and segments", repeated) { b in
        let tokens = try b.example("tokens", columns: 5, rows: 7)
        let positions = try b.lookup(
          b.input(.positions), in: b.exampleWeight("positions", rows: 6, columns: 5, role: .lookup))
        let segments = try b.lookup(
          b.input(.segments), in: b.exampleWeight("segments", rows: 2, columns: 5, role: .lookup))
        return try b.add(b.add(tokens, positions), segments)
      },
    ]
  }
}
