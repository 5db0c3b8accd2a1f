// The gradients of both norms, and of their weights.
//
//   x̂ = (x − mean) · r,  g = dy · w        RMS norm: mean = 0
//   dx = r · (g − mean(g) − x̂ · mean(g·x̂))  RMS norm: without mean(g)
//   dw = Σ_rows dy · x̂

import ApusTensor

package struct NormGradient: Operation {
  package static let name = "norm-gradient"

  package enum Kind: Sendable {
    case rootMeanSquare
    case layer
  }

  package var kind: Kind
  package var epsilon: Float

  /// f32 x `[rows, n·group]`, a weight of `group` values and dy as x give dx as x and, for each group of each row, its
  /// mean and 1 / deviation: `[rows, 2·n]`.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 3, inputs[0].element == .f32, inputs[0] == inputs[2], inputs[1].columns > 0,
      inputs[0].columns % inputs[1].columns == 0
    else {
      throw .shape(operation: Self.name, message: "wants x, a weight and dy, got \(inputs)")
    }
    let groups = inputs[0].columns / inputs[1].columns
    return [inputs[0], ValueType(.f32, rows: inputs[0].rows, columns: 2 * groups)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: kind == .layer ? 16 : 11)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 2 }
  package var detail: String { "eps \(epsilon)" }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let weight = inputs[1].vector
    let (x, dy, dx, stats) = (inputs[0], inputs[2], outputs[0], outputs[1])
    let (columns, group, epsilon) = (x.type.columns, weight.count, epsilon)
    let table = context.cpu.pointee
    let gradient = kind == .layer ? table.layer_norm_gradient! : table.rms_norm_gradient!
    return RowKernel(rows: dx.type.rows, elementsPerRow: columns) { row, _, _ in
      for index in 0..<columns / group {
        let start = index * group
        gradient(
          x.floats + row * x.stride + start, weight.base, dy.floats + row * dy.stride + start, Int32(group),
          epsilon, dx.floats + row * dx.stride + start, stats.floats + row * stats.stride + 2 * index)
      }
    }
  }

  /// Writes the gradients of a norm's inputs.
  func write(_ node: Node, bias: ValueID?, _ g: inout GradientBuilder) throws(GraphError) {
    let dy = g.outputGradient(node)
    let outputs = try g.apply(self, [node.inputs[0], node.inputs[1], dy])
    try g.gather(into: node.inputs[1], [node.inputs[0], dy, outputs[1]]) { NormWeightGradient(isFirst: $0) }
    if let bias {
      try g.gather(into: bias, [dy]) { SumRows(isFirst: $0) }
    }
    try g.add(outputs[0], to: node.inputs[0])
  }
}

/// Adds Σ_rows dy · x̂ to the gradient of a norm's weight.
package struct NormWeightGradient: Operation {
  package static let name = "norm-weight-gradient"
  package var isFirst: Bool

  /// x, dy and the rows' statistics, and the memory of the gradient.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 4, inputs[0] == inputs[1], inputs[0].columns % inputs[3].columns == 0,
      inputs[2].columns == 2 * inputs[0].columns / inputs[3].columns
    else {
      throw .shape(operation: Self.name, message: "wants x, dy, statistics and a gradient, got \(inputs)")
    }
    return [ValueType(.effect, rows: .fixed(1), columns: inputs[3].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    Cost(
      flops: 4 * Double(sizes[inputs[0].rows] * inputs[0].columns), bytes: streamedBytes(inputs, sizes))
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (x, dy, stats, memory, isFirst) = (inputs[0], inputs[1], inputs[2], inputs[3].gradient, isFirst)
    let (group, groups) = (inputs[3].type.columns, x.type.columns / inputs[3].type.columns)
    let gradient = context.cpu.pointee.norm_weight_gradient!
    return ColumnKernel(columns: group, rows: x.type.rows, workers: context.workers) { columns, rows, step in
      for index in 0..<groups {
        let start = index * group + columns.lowerBound
        gradient(
          x.floats + start, x.stride, dy.floats + start, dy.stride, stats.floats + 2 * index, stats.stride,
          Int32(rows), Int32(columns.count), isFirst && step.startsGradients && index == 0 ? 1 : 0,
          memory + columns.lowerBound)
      }
    }
  }
}

extension NormGradient {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, weight, dy) = (inputs[0], inputs[1], inputs[2])
    let group = weight.columns
    var dx = x
    var statistics = ReferenceTensor<S>(rows: x.rows, columns: 2 * x.columns / group)
    for row in 0..<x.rows {
      for start in stride(from: 0, to: x.columns, by: group) {
        let (mean, inverse) = kind.statistics(Array(x[row: row][start..<start + group]), epsilon: epsilon)
        statistics[row, 2 * start / group] = mean
        statistics[row, 2 * start / group + 1] = inverse
        let normalised = (0..<group).map { (x[row, start + $0] - mean) * inverse }
        let g = (0..<group).map { dy[row, start + $0] * weight[0, $0] }
        let meanOfG = kind == .layer ? S.sum(g) / S(group) : 0
        let meanOfProduct = S.sum(0..<group) { g[$0] * normalised[$0] } / S(group)
        for i in 0..<group {
          dx[row, start + i] = inverse * (g[i] - meanOfG - normalised[i] * meanOfProduct)
        }
      }
    }
    return [dx, statistics]
  }

  package static var cases: [OperationCase] { LayerNorm.cases + RMSNorm.cases }
}

extension NormGradient.Kind {
  /// The mean and 1 / deviation that a row is normalised by.
  func statistics<S: ReferenceScalar>(_ row: [S], epsilon: Float) -> (mean: S, inverse: S) {
    let mean = self == .layer ? S.sum(row) / S(row.count) : 0
    let variance = S.sum(row.map { ($0 - mean) * ($0 - mean) }) / S(row.count)
    return (mean, 1 / (variance + S(epsilon)).squareRoot())
  }
}

extension NormWeightGradient {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, dy, statistics) = (inputs[0], inputs[1], inputs[2])
    let memory = step.gathered(inputs[3], isFirst: isFirst)
    let group = memory.columns
    return [
      ReferenceTensor(rows: 1, columns: group) { _, column in
        var terms = [memory[0, column]]
        for row in 0..<x.rows {
          for head in 0..<x.columns / group {
            let (mean, inverse) = (statistics[row, 2 * head], statistics[row, 2 * head + 1])
            terms.append(dy[row, head * group + column] * (x[row, head * group + column] - mean) * inverse)
          }
        }
        return S.sum(terms)
      }
    ]
  }

  package static var cases: [OperationCase] { NormGradient.cases }
}
