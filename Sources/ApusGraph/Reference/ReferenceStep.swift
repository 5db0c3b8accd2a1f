// A step as a reference sees it: plain arrays, and sequences that are in the step as a whole.

/// The tokens of a reference run and what belongs to them.
package struct ReferenceStep: Sendable {
  /// The rows of each sequence, one behind the other.
  package private(set) var sequences: [Range<Int>] = []
  /// `[tokens]`
  package var tokenIDs: [Int] = []
  /// `[tokens]`, counted from the sequence's first token.
  package private(set) var positions: [Int] = []
  /// `[tokens]`, which of two texts a token is of.
  package private(set) var segments: [Int] = []
  /// `[outputs]`, the rows wanted from the head.
  package private(set) var outputRows: [Int] = []
  /// `[tokens]`, the token that should follow, or −1.
  package var targets: [Int] = []
  /// `[tokens]`, what a token's loss counts.
  package var lossWeights: [Float] = []
  /// `[tokens]`, what a token's score counts.
  package var scoreWeights: [Float] = []
  /// Whether gradients replace what was gathered before.
  package var startsGradients = true

  /// A step of sequences of these lengths. Token ids are a permutation of 0 ..< tokens; targets and weights differ from
  /// token to token, and one of each five tokens has no target.
  ///
  /// - Parameters:
  ///   - outputs: which tokens of each sequence want a row from the head.
  ///   - secondSegment: the position from which on tokens are of a second text.
  package init(lengths: [Int], outputs: OutputRows = .last(1), secondSegment: Int = .max) {
    let count = lengths.reduce(0, +)
    for length in lengths {
      let rows = positions.count..<positions.count + length
      sequences.append(rows)
      positions += 0..<length
      segments += (0..<length).map { $0 < secondSegment ? 0 : 1 }
      outputRows += outputs.range(of: length).map { rows.lowerBound + $0 }
    }
    tokenIDs = (0..<count).reversed()
    targets = (0..<count).map { $0 % 5 == 3 ? -1 : $0 * 3 % count }
    lossWeights = (0..<count).map { 0.25 + Float($0 % 3) / 8 }
    scoreWeights = (0..<count).map { Float($0 % 4) / 4 - 0.5 }
  }

  /// How many of everything there are.
  package var sizes: Sizes {
    Sizes(tokens: positions.count, outputs: outputRows.count, sequences: sequences.count)
  }

  /// The sequence a token is of.
  package func sequence(of token: Int) -> Int { sequences.firstIndex { $0.contains(token) }! }

  /// A part of the step as a tensor.
  func tensor<S: ReferenceScalar>(_ input: StepInput) -> ReferenceTensor<S> {
    switch input {
    case .tokenIDs: ReferenceTensor(indices: tokenIDs)
    case .positions: ReferenceTensor(indices: positions)
    case .segments: ReferenceTensor(indices: segments)
    case .outputRows: ReferenceTensor(indices: outputRows)
    case .targets: ReferenceTensor(indices: targets)
    case .lossWeights: ReferenceTensor(rows: lossWeights.count, columns: 1) { row, _ in S(lossWeights[row]) }
    case .scoreWeights:
      ReferenceTensor(rows: scoreWeights.count, columns: 1) { row, _ in S(scoreWeights[row]) }
    }
  }

  /// What an operation adds to that gathers a gradient in `memory`.
  func gathered<S: ReferenceScalar>(_ memory: ReferenceTensor<S>, isFirst: Bool) -> ReferenceTensor<S> {
    isFirst && startsGradients ? ReferenceTensor(rows: memory.rows, columns: memory.columns) : memory
  }
}
