// Which rank updates which rows. All weights lie one behind the other, as do their gradients; that row of floats is cut
// into shares, from its end to its beginning, because the way back through the network finishes gradients in about that
// order. Each share belongs to the rank that has the least so far. A share is cut into buckets, which are messages.

import ApusRuntime

/// Rows of a tensor.
package struct TensorRows: Equatable, Sendable {
  /// The tensor's number.
  package var tensor: Int
  package var rows: Range<Int>

  package init(tensor: Int, rows: Range<Int>) {
    self.tensor = tensor
    self.rows = rows
  }
}

/// Floats that travel together.
package struct Bucket: Equatable, Sendable {
  /// The rank that adds them up and updates them.
  package var owner: Int
  /// Of all weights, or of all gradients.
  package var floats: Range<Int>
  /// The tensors that are in it.
  package var tensors: Range<Int>
}

/// The division of a model's weights among ranks.
package struct ShardPlan: Equatable, Sendable {
  package let size: Int
  /// From the last floats to the first.
  package let buckets: [Bucket]
  /// The most floats of a bucket.
  let messageFloats: Int
  /// What each rank owns, by tensor and row.
  private let pieces: [[TensorRows]]

  /// Floats of a message, unless the model is so large that there would be too many: 4 MiB are past the size from which
  /// networks are as fast as they get, and several of them are on their way while the next are computed.
  package static let bucketFloats = 1 << 20

  /// - Parameters:
  ///   - tensors: at ascending offsets.
  ///   - isWhole: whether the optimiser must see all rows of a tensor together.
  package init(
    _ tensors: [TrainableWeights.Tensor], size: Int, bucketFloats: Int = Self.bucketFloats,
    isWhole: (Int) -> Bool = { _ in false }
  ) {
    self.size = size
    let all = TrainableWeights.floats(tensors)
    let largest = max(16, bucketFloats, (2 * all / RankTag.mostBuckets + 15) & ~15)
    messageFloats = largest
    // Eight shares a rank keep the loads even, also where the model is small.
    let wanted = max(1, min(largest, all / (8 * size)))
    var loads = [Int](repeating: 0, count: size)
    var pieces = [[TensorRows]](repeating: [], count: size)
    var buckets: [Bucket] = []
    var share: [Atom] = []

    func close() {
      guard let first = share.last, let last = share.first else { return }
      let owner = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) }!
      let floats = first.floats.lowerBound..<last.floats.upperBound
      loads[owner] += floats.count
      for atom in share { pieces[owner].append(atom.piece) }
      for end in stride(from: floats.upperBound, to: floats.lowerBound, by: -largest) {
        let part = max(floats.lowerBound, end - largest)..<end
        let inside = share.filter { $0.floats.overlaps(part) }.map(\.piece.tensor)
        buckets.append(Bucket(owner: owner, floats: part, tensors: inside.min()!..<inside.max()! + 1))
      }
      share = []
    }

    for atom in Self.atoms(tensors, all, isWhole).reversed() {
      share.append(atom)
      if share[0].floats.upperBound - atom.floats.lowerBound >= wanted { close() }
    }
    close()
    self.buckets = buckets
    self.pieces = pieces.map(Self.merged)
  }

  /// What `rank` owns, in the order of tensors and rows; rows that follow one another are one piece.
  package func pieces(of rank: Int) -> [TensorRows] { pieces[rank] }

  /// The floats of the largest bucket.
  package var largestBucket: Int { buckets.reduce(0) { max($0, $1.floats.count) } }

  // MARK: Atoms

  /// What is never divided.
  private struct Atom {
    let piece: TensorRows
    /// With the gap up to the next tensor.
    let floats: Range<Int>
  }

  /// The optimiser's units, so that each of its sums is made in one place; or whole tensors.
  private static func atoms(
    _ tensors: [TrainableWeights.Tensor], _ all: Int, _ isWhole: (Int) -> Bool
  ) -> [Atom] {
    var atoms: [Atom] = []
    for (number, tensor) in tensors.enumerated() {
      let end = number + 1 < tensors.count ? tensors[number + 1].offset : all
      let step = isWhole(number) ? tensor.rows : UpdateUnit.rows(columns: tensor.columns)
      for row in stride(from: 0, to: tensor.rows, by: step) {
        let rows = row..<min(row + step, tensor.rows)
        let first = tensor.offset + rows.lowerBound * tensor.columns
        let last = rows.upperBound == tensor.rows ? end : tensor.offset + rows.upperBound * tensor.columns
        atoms.append(Atom(piece: TensorRows(tensor: number, rows: rows), floats: first..<last))
      }
    }
    return atoms
  }

  private static func merged(_ pieces: [TensorRows]) -> [TensorRows] {
    var merged: [TensorRows] = []
    for piece in pieces.sorted(by: { ($0.tensor, $0.rows.lowerBound) < ($1.tensor, $1.rows.lowerBound) }) {
      if let last = merged.last, last.tensor == piece.tensor, last.rows.upperBound == piece.rows.lowerBound {
        merged[merged.count - 1].rows = last.rows.lowerBound..<piece.rows.upperBound
      } else {
        merged.append(piece)
      }
    }
    return merged
  }
}

extension ShardPlan {
  /// The tensors that `rank`'s optimiser is given: its rows of each.
  package func tensors(of rank: Int, _ whole: [TrainableTensor]) -> [TrainableTensor] {
    pieces(of: rank).map { whole[$0.tensor].rows($0.rows) }
  }
}

extension OptimizerKind {
  /// Whether its rule for a tensor of a kind must see all rows together.
  package func needsWholeTensor(_ kind: TrainableTensor.Kind) -> Bool {
    switch self {
    case .adamW, .adamW8, .sgd, .lion: false
    case .adafactor: true
    case .muon: kind == .matrix
    }
  }
}
