// Rows put back where SelectRows took them from; the other rows are zero.

import ApusTensor

package struct ScatterRows: Operation {
  package static let name = "scatter"
  package var rows: Extent

  /// f32 `[outputs, n]` and i32 row indices `[outputs]`, ascending, give f32 `[rows, n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[1].element == .i32 else {
      throw .shape(operation: Self.name, message: "wants floats and row indices, got \(inputs)")
    }
    return [ValueType(.f32, rows: rows, columns: inputs[0].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    Cost(bytes: streamedBytes(inputs, sizes) + streamedBytes(outputs, sizes))
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, indices, y) = (inputs[0], inputs[1], outputs[0])
    let columns = y.type.columns
    return RowKernel(rows: y.type.rows, elementsPerRow: columns, blockRows: 1) { rows, _, step in
      let count = step.sizes[indices.type.rows]
      var next = Self.firstIndex(indices.integers, count, atLeast: Int32(rows.lowerBound))
      for row in rows {
        let to = y.floats + row * y.stride
        if next < count, indices.integers[next] == Int32(row) {
          to.update(from: x.floats + next * x.stride, count: columns)
          next += 1
        } else {
          to.update(repeating: 0, count: columns)
        }
      }
    }
  }

  private static func firstIndex(_ indices: UnsafeMutablePointer<Int32>, _ count: Int, atLeast row: Int32)
    -> Int
  {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if indices[middle] < row { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension ScatterRows {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, indices) = (inputs[0], inputs[1])
    var y = ReferenceTensor<S>(rows: step.sizes[rows], columns: x.columns)
    for row in 0..<x.rows { y[row: indices.index(row)] = x[row: row] }
    return [y]
  }

  package static var cases: [OperationCase] { SelectRows.cases }
}
