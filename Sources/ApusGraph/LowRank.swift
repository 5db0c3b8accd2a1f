// A change of a product by two narrow ones, of ordinary operations: passes, plans and gradients know nothing of it.
//
//   y + factor · B (A x)      A [rank, k], B [rows, rank]      Hu et al. 2021, arXiv:2106.09685

import ApusTensor

extension GraphBuilder {
  /// `x · Aᵀ · factor`, the narrow value between both products; where it is small, a factor costs nothing.
  package mutating func lowRankInner(
    _ x: ValueID, _ a: ValueID, factor: Float
  ) throws(GraphError) -> ValueID {
    try scale(linear(x, a), by: factor)
  }

  /// `y + inner · Bᵀ`.
  package mutating func addingLowRank(
    to y: ValueID, _ inner: ValueID, _ b: ValueID
  ) throws(GraphError) -> ValueID {
    try add(y, linear(inner, b))
  }
}

extension OperationCase {
  /// Products that a low-rank change takes part in.
  static var lowRank: [OperationCase] {
    [
      OperationCase("matmul and a low-rank change") { b in
        let x = try b.example("x", columns: 7)
        let y = try b.linear(
          x, b.exampleWeight("w", rows: 19, columns: 7), bias: b.exampleVector("bias", count: 19))
        let inner = try b.lowRankInner(x, b.exampleWeight("a", rows: 3, columns: 7), factor: 1.75)
        return try b.addingLowRank(to: y, inner, b.exampleWeight("b", rows: 19, columns: 3))
      },
      OperationCase("matmul in bytes and a low-rank change", frozen: ["w"]) { b in
        let x = try b.example("x", columns: 64)
        let y = try b.linear(x, b.exampleWeight("w", rows: 37, columns: 64, type: .q8_0))
        let inner = try b.lowRankInner(x, b.exampleWeight("a", rows: 3, columns: 64), factor: 0.5)
        return try b.addingLowRank(to: y, inner, b.exampleWeight("b", rows: 37, columns: 3))
      },
      OperationCase("matmul by parts in bytes that are not trained", frozen: ["w"]) { b in
        let x = try b.example("x", columns: 96)
        let first = try b.linear(
          x, b.exampleWeight("w", rows: 40, columns: 96, part: 0..<20, type: .q8_0))
        let second = try b.linear(
          x, b.exampleWeight("w", rows: 40, columns: 96, part: 20..<40, type: .q8_0))
        return try b.add(first, second)
      },
    ]
  }
}
