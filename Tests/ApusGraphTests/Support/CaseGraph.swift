// A declared case made ready to run: its graph with gradients, and random weights that are exact in every format.

import ApusRuntime
import ApusTensor

@testable import ApusGraph

/// Every case of every operation, once.
let allCases: [OperationCase] = {
  var names: Set<String> = []
  return allOperations.flatMap { $0.cases }.filter { names.insert($0.name).inserted }
}()

struct CaseGraph {
  let operationCase: OperationCase
  /// As declared: its result is the value to check.
  let declared: Graph
  /// With a second result, what each element of the first counts, if that is not 1.
  let forward: Graph
  /// The same with gradients.
  let graph: Graph
  /// Whole tensors by name: multiples of 2⁻⁷ between 1/8 and 1 and their negatives.
  let weights: [String: ReferenceTensor<Double>]

  private static let counts = "what elements count"

  init(_ operationCase: OperationCase) throws {
    self.operationCase = operationCase
    var b = GraphBuilder()
    let y = try operationCase.build(&b)
    declared = b.finish(results: [y])
    let isLoss = b.graph.nodes.contains { $0.outputs == [y] && $0.operation is CrossEntropy }
    var counts: ValueID?
    if !isLoss && !operationCase.isForwardOnly {
      counts = try b.example(
        Self.counts, columns: b.type(of: y).columns, rows: operationCase.step.sizes.tokens)
      switch b.type(of: y).rows {
      case .outputs: counts = try b.selectOutputs(counts!)
      case .sequences: counts = try b.meanOfTokens(counts!)
      case .tokens, .fixed: break
      }
    }
    forward = b.finish(results: [y] + (counts.map { [$0] } ?? []))
    graph =
      operationCase.isForwardOnly
      ? forward
      : try forward.differentiated(from: [y: counts]) {
        $0.tensor != Self.counts && !operationCase.frozen.contains($0.tensor)
      }
    weights = Self.randomWeights(forward, seed: operationCase.name)
  }

  /// Tensors whose gradients are wanted.
  var trained: [String] {
    operationCase.isForwardOnly
      ? [] : weights.keys.filter { $0 != Self.counts && !operationCase.frozen.contains($0) }.sorted()
  }

  /// Whole tensors for every parameter of a graph.
  static func randomWeights(_ graph: Graph, seed: String) -> [String: ReferenceTensor<Double>] {
    var shapes: [String: (rows: Int, columns: Int)] = [:]
    for value in graph.values {
      guard case .parameter(let reference) = value.source else { continue }
      let (rows, columns) =
        reference.role == .vector
        ? (1, reference.rows.upperBound) : (reference.rows.upperBound, value.type.columns)
      let known = shapes[reference.tensor] ?? (0, 0)
      shapes[reference.tensor] = (max(known.rows, rows), max(known.columns, columns))
    }
    return Dictionary(
      uniqueKeysWithValues: shapes.map { name, shape in
        let random = Philox(key: Philox.key(for: "\(seed): \(name)"))
        return (
          name,
          ReferenceTensor(rows: shape.rows, columns: shape.columns) { row, column in
            let number = Int(random.uniform(UInt64(row * shape.columns + column)) * 224)
            // The largest value of each block of bytes makes its scale a power of two.
            let magnitude = column % 32 == 0 ? 127 : 16 + number / 2
            return Double(number % 2 == 0 ? magnitude : -magnitude) / 128
          }
        )
      })
  }
}

extension ReferenceTensor {
  /// The same numbers as others.
  func converted<Other: ReferenceScalar>(to type: Other.Type) -> ReferenceTensor<Other> {
    ReferenceTensor<Other>(rows: rows, columns: columns) { Other(self[$0, $1].double) }
  }
}
