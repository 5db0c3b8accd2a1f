// What an optimiser is given of a model: weights and gradients in memory the trainer owns.

/// A tensor that learns: dense rows of f32, its gradient beside it. A vector is one row.
package struct TrainableTensor: @unchecked Sendable {
  /// What an optimiser that treats matrices in its own way goes by.
  package enum Kind: Sendable {
    /// Multiplied with activations inside the network.
    case matrix
    /// A table of rows, one a token or position, and the head.
    case embedding
    /// A bias or a norm.
    case vector
  }

  package let name: String
  package let rows: Int
  package let columns: Int
  /// `[rows][columns]`
  package let weights: UnsafeMutablePointer<Float>
  /// `[rows][columns]`
  package let gradient: UnsafeMutablePointer<Float>
  package let kind: Kind
  /// Whether weight decay applies.
  package let decays: Bool
  /// The rate of this tensor as a multiple of the schedule's (μP). Decay goes by the schedule's alone.
  package let learningRateScale: Float
  /// Rows of the same tensor before these, which another optimiser has.
  package let firstRow: Int

  package init(
    name: String, rows: Int, columns: Int, weights: UnsafeMutablePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, kind: Kind, decays: Bool, learningRateScale: Float = 1,
    firstRow: Int = 0
  ) {
    precondition(rows > 0 && columns > 0, "\(name) is empty")
    precondition(columns <= Int(Int32.max) / 16, "\(name) has too many columns")
    self.name = name
    self.rows = rows
    self.columns = columns
    self.weights = weights
    self.gradient = gradient
    self.kind = kind
    self.decays = decays
    self.learningRateScale = learningRateScale
    self.firstRow = firstRow
  }

  package var count: Int { rows * columns }

  /// Some of its rows, from a multiple of 16 on.
  package func rows(_ range: Range<Int>) -> TrainableTensor {
    let offset = range.lowerBound * columns
    return TrainableTensor(
      name: name, rows: range.count, columns: columns, weights: weights + offset, gradient: gradient + offset,
      kind: kind, decays: decays, learningRateScale: learningRateScale, firstRow: firstRow + range.lowerBound)
  }
}
