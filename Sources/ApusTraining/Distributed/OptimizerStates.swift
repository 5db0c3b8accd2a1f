// The optimiser's states of all ranks as if they lay in one place: rank 0 writes them into a checkpoint piece by piece, and
// hands them out again from one, so that nobody ever holds more than what is its own.

import ApusBasics
import ApusFiles
import ApusRuntime

/// States by tensor, in pieces that ranks own.
package struct OptimizerStates {
  /// A state of a whole tensor.
  package struct Whole {
    /// "m", "v", … and the tensor's name.
    package let name: String
    package let shape: StateShape
    let pieces: [Piece]
  }

  struct Piece {
    let owner: Int
    let byteCount: Int
    /// Where it lies, for its owner.
    let bytes: UnsafeMutableRawBufferPointer?
  }

  package let all: [Whole]
  private let group: RankGroup
  /// Bytes of a message.
  private let chunk: Int

  /// - Parameters:
  ///   - tensors: whole.
  ///   - plan: nil when `optimizer` has all of them.
  package init(
    _ kind: OptimizerKind, _ tensors: [TrainableTensor], averages: Bool, _ optimizer: OptimizerEngine,
    _ group: RankGroup, _ plan: ShardPlan?, chunk: Int = 4 << 20
  ) {
    self.group = group
    self.chunk = chunk
    struct Key: Hashable {
      let tensor: Int
      let firstRow: Int
      let state: String
    }
    var pieces: [Key: [Piece]] = [:]
    for rank in 0..<(plan?.size ?? 1) {
      let rows =
        plan?.pieces(of: rank) ?? tensors.indices.map { TensorRows(tensor: $0, rows: 0..<tensors[$0].rows) }
      let parts = rows.map { tensors[$0.tensor].rows($0.rows) }
      for (index, (part, shape)) in OptimizerEngine.stateShapes(kind, parts, averages: averages).enumerated()
      {
        let key = Key(tensor: rows[part].tensor, firstRow: rows[part].rows.lowerBound, state: shape.name)
        let bytes = rank == group.rank ? optimizer.states[index].bytes : nil
        pieces[key] = [Piece(owner: rank, byteCount: shape.byteCount, bytes: bytes)]
      }
    }
    let starts = Dictionary(grouping: pieces.keys) { Key(tensor: $0.tensor, firstRow: 0, state: $0.state) }
      .mapValues { $0.sorted { $0.firstRow < $1.firstRow } }
    all = OptimizerEngine.stateShapes(kind, tensors, averages: averages).map { tensor, shape in
      let keys = starts[Key(tensor: tensor, firstRow: 0, state: shape.name)] ?? []
      let whole = Whole(
        name: "\(shape.name).\(tensors[tensor].name)", shape: shape, pieces: keys.flatMap { pieces[$0]! })
      precondition(
        whole.pieces.reduce(0) { $0 + $1.byteCount } == shape.byteCount, "\(whole.name) is not whole")
      return whole
    }
  }

  // MARK: Gathering

  /// Rank 0, while the others `serve`: gives a state's bytes in order.
  func read(_ state: Int, _ give: (UnsafeRawBufferPointer) -> Void) throws(CommunicationError) {
    for (number, piece) in all[state].pieces.enumerated() {
      if let bytes = piece.bytes {
        give(UnsafeRawBufferPointer(bytes))
        continue
      }
      let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: min(chunk, piece.byteCount), alignment: 64)
      defer { memory.deallocate() }
      for start in stride(from: 0, to: piece.byteCount, by: chunk) {
        let part = UnsafeMutableRawBufferPointer(
          rebasing: memory[..<min(chunk, piece.byteCount - start)])
        try group.ask(piece.owner, .state(state, piece: number, start: start))
        try group.receive(part, from: piece.owner, "states of the optimiser")
        give(UnsafeRawBufferPointer(part))
      }
    }
  }

  /// Sends rank 0 what it asks for.
  func answer(_ state: Int, _ piece: Int, _ start: Int) throws(CommunicationError) {
    let bytes = all[state].pieces[piece].bytes!
    let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + chunk, bytes.count)])
    try group.send(part, to: 0, "states of the optimiser")
  }

  // MARK: Handing out

  /// Rank 0 hands out the states of a checkpoint; the others receive theirs.
  ///
  /// - Parameter bytes: of a whole state, asked for on rank 0 only.
  func distribute(_ bytes: (Whole) -> UnsafeRawBufferPointer) throws(CommunicationError) {
    for state in all {
      let whole = group.isFirst ? bytes(state) : UnsafeRawBufferPointer(start: nil, count: 0)
      var first = 0
      for piece in state.pieces {
        let range = first..<first + piece.byteCount
        first = range.upperBound
        if group.isFirst {
          try hand(UnsafeRawBufferPointer(rebasing: whole[range]), to: piece)
        } else if let target = piece.bytes {
          for start in stride(from: 0, to: piece.byteCount, by: chunk) {
            try group.receive(
              UnsafeMutableRawBufferPointer(rebasing: target[start..<min(start + chunk, piece.byteCount)]),
              from: 0, "states of the optimiser", seconds: group.patience)
          }
        }
      }
    }
  }

  private func hand(_ source: UnsafeRawBufferPointer, to piece: Piece) throws(CommunicationError) {
    if let target = piece.bytes { return target.copyMemory(from: source) }
    for start in stride(from: 0, to: source.count, by: chunk) {
      try group.send(
        UnsafeRawBufferPointer(rebasing: source[start..<min(start + chunk, source.count)]), to: piece.owner,
        "states of the optimiser", seconds: group.patience)
    }
  }
}
