// The norm of all gradients when each rank has measured its own: the sums of squares of the units, which are the same
// whoever owns them, come to rank 0 and are added in the order that one process would have used.

import ApusRuntime

/// Gathers sums of squares.
struct SquareGathering: ~Copyable {
  private let pieces: [[TensorRows]]
  /// The first unit of each tensor, and in the end their number.
  private let firstUnits: [Int]
  /// Rows of a unit of each tensor.
  private let unitRows: [Int]
  /// Of all tensors' units, on rank 0; on others their own, packed.
  private let squares: UnsafeMutableBufferPointer<Double>
  private let received: UnsafeMutableBufferPointer<Double>

  init(_ plan: ShardPlan, _ tensors: [TrainableWeights.Tensor], rank: Int) {
    pieces = (0..<plan.size).map { plan.pieces(of: $0) }
    let rows = tensors.map { UpdateUnit.rows(columns: $0.columns) }
    unitRows = rows
    var first = [0]
    for (tensor, rows) in zip(tensors, rows) { first.append(first.last! + (tensor.rows + rows - 1) / rows) }
    firstUnits = first
    let most = pieces.reduce(0) { most, pieces in
      max(most, pieces.reduce(0) { $0 + ($1.rows.count + rows[$1.tensor] - 1) / rows[$1.tensor] })
    }
    squares = .allocate(capacity: first.last!)
    squares.initialize(repeating: 0)
    received = .allocate(capacity: most)
    received.initialize(repeating: 0)
  }

  deinit {
    squares.deallocate()
    received.deallocate()
  }

  private func units(_ piece: TensorRows) -> Range<Int> {
    let rows = unitRows[piece.tensor]
    let first = firstUnits[piece.tensor] + piece.rows.lowerBound / rows
    return first..<first + (piece.rows.count + rows - 1) / rows
  }

  /// The norm over all ranks, after each has measured the gradients it owns.
  mutating func norm(
    _ group: RankGroup, _ optimizer: OptimizerEngine
  ) throws(CommunicationError) -> GradientNorm {
    for (number, piece) in pieces[group.rank].enumerated() {
      let own = optimizer.unitSquares(of: number)
      let units = units(piece)
      precondition(own.count == units.count, "rows of a rank that are not cut at units")
      for (unit, square) in zip(units, own) { squares[unit] = square }
    }
    var result = (total: 0.0, nonFinite: -1.0)
    if group.isFirst {
      for rank in 1..<group.size { try receive(from: rank, group) }
      for tensor in 0..<firstUnits.count - 1 {
        var sum = 0.0
        for unit in firstUnits[tensor]..<firstUnits[tensor + 1] { sum += squares[unit] }
        result.total += sum
        if result.nonFinite < 0, !sum.isFinite { result.nonFinite = Double(tensor) }
      }
    } else {
      var count = 0
      for piece in pieces[group.rank] {
        for unit in units(piece) {
          received[count] = squares[unit]
          count += 1
        }
      }
      let own = UnsafeMutableBufferPointer(rebasing: received[..<count])
      try group.send(UnsafeRawBufferPointer(own), to: 0, "the norm of a step")
    }
    try withUnsafeMutableBytes(of: &result) { bytes throws(CommunicationError) in
      try group.broadcast(bytes, "the norm of a step")
    }
    return GradientNorm(
      value: result.total.squareRoot(), firstNonFinite: result.nonFinite < 0 ? nil : Int(result.nonFinite))
  }

  private func receive(from rank: Int, _ group: RankGroup) throws(CommunicationError) {
    let count = pieces[rank].reduce(0) { $0 + units($1).count }
    let part = UnsafeMutableBufferPointer(rebasing: received[..<count])
    try group.receive(UnsafeMutableRawBufferPointer(part), from: rank, "the norm of a step")
    var next = 0
    for piece in pieces[rank] {
      for unit in units(piece) {
        squares[unit] = received[next]
        next += 1
      }
    }
  }
}
