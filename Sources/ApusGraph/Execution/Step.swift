// What varies from run to run: the tokens, their positions and sequences, the rows wanted, the KV pages.
// Its memory is reserved once for the largest step, so filling it allocates nothing.

import ApusTensor

/// The bindings of one run of a compiled graph.
///
/// Not thread-safe: whoever owns the executor fills it between runs; workers only read it.
package final class Step {
  /// The largest step that fits.
  package let limits: Sizes
  /// The sizes of this step.
  package private(set) var sizes = Sizes(tokens: 0, outputs: 0, sequences: 0)

  /// `[tokens]`
  package let tokenIDs: UnsafeMutablePointer<Int32>
  /// `[tokens]`, counted from the sequence's first token.
  package let positions: UnsafeMutablePointer<Int32>
  /// `[tokens]`, which of two texts a token is of (BERT's token types).
  package let segments: UnsafeMutablePointer<Int32>
  /// `[tokens]`, an index into `sequences`.
  package let tokenSequence: UnsafeMutablePointer<Int32>
  /// `[tokens]`, the token that should follow, or −1; only steps of training fill it.
  package let targets: UnsafeMutablePointer<Int32>
  /// `[tokens]`, what a token's loss counts; only steps of training fill it.
  package let lossWeights: UnsafeMutablePointer<Float>
  /// `[tokens]`, what a token's score counts: the gradient by it; only steps that train a score fill it.
  package let scoreWeights: UnsafeMutablePointer<Float>
  /// Whether this run's gradients replace what earlier runs gathered.
  package var startsGradients = true
  /// `[outputs]`, indices of tokens, ascending.
  package let outputRows: UnsafeMutablePointer<Int32>
  /// `[sequences]`
  package let sequences: UnsafeMutablePointer<StepSequence>
  /// Runs of tokens of one sequence, each an attention unit per KV head.
  package let tiles: UnsafeMutablePointer<StepTile>
  package private(set) var tileCount = 0

  /// Tokens an attention unit handles at once.
  package let tileTokens: Int

  package init(limits: Sizes, tileTokens: Int) {
    self.limits = limits
    self.tileTokens = tileTokens
    tokenIDs = .allocate(capacity: limits.tokens)
    positions = .allocate(capacity: limits.tokens)
    segments = .allocate(capacity: limits.tokens)
    segments.initialize(repeating: 0, count: limits.tokens)
    tokenSequence = .allocate(capacity: limits.tokens)
    targets = .allocate(capacity: limits.tokens)
    lossWeights = .allocate(capacity: limits.tokens)
    scoreWeights = .allocate(capacity: limits.tokens)
    outputRows = .allocate(capacity: limits.outputs)
    sequences = .allocate(capacity: limits.sequences)
    tiles = .allocate(capacity: limits.tokens / tileTokens + limits.sequences)
  }

  deinit {
    tokenIDs.deallocate()
    positions.deallocate()
    segments.deallocate()
    tokenSequence.deallocate()
    targets.deallocate()
    lossWeights.deallocate()
    scoreWeights.deallocate()
    outputRows.deallocate()
    sequences.deallocate()
    tiles.deallocate()
  }

  /// Starts a new step.
  package func clear() {
    sizes = Sizes(tokens: 0, outputs: 0, sequences: 0)
    tileCount = 0
  }

  /// Tokens that still fit.
  package var remainingTokens: Int { limits.tokens - sizes.tokens }

  /// Whether another sequence fits.
  package var hasRoomForSequence: Bool { sizes.sequences < limits.sequences && remainingTokens > 0 }

  /// Adds the next tokens of a sequence.
  ///
  /// - Parameters:
  ///   - tokens: at most `remainingTokens`.
  ///   - start: the position of the first one.
  ///   - pages: the sequence's page table; it must cover the new positions and outlive the run.
  ///   - outputs: which of these tokens want a row from the head.
  ///   - secondSegment: the index among them from which on they are of a second text.
  package func append(
    _ tokens: UnsafeBufferPointer<Int32>, start: Int, pages: UnsafePointer<UnsafeRawPointer?>,
    outputs: OutputRows, secondSegment: Int = .max
  ) {
    precondition(tokens.count <= remainingTokens && sizes.sequences < limits.sequences)
    let rows = outputs.range(of: tokens.count)
    precondition(rows.lowerBound >= 0 && sizes.outputs + rows.count <= limits.outputs)
    let sequence = sizes.sequences
    sequences[sequence] = StepSequence(
      firstToken: sizes.tokens, start: start, length: start + tokens.count, pages: pages)
    for index in tokens.indices {
      let token = sizes.tokens + index
      tokenIDs[token] = tokens[index]
      positions[token] = Int32(start + index)
      segments[token] = index < secondSegment ? 0 : 1
      tokenSequence[token] = Int32(sequence)
    }
    // By index: this iterator allocates in an unoptimised build.
    for index in 0..<rows.count {
      outputRows[sizes.outputs + index] = Int32(sizes.tokens + rows.lowerBound + index)
    }
    var first = 0
    while first < tokens.count {
      let count = min(tileTokens, tokens.count - first)
      tiles[tileCount] = StepTile(sequence: sequence, firstToken: sizes.tokens + first, count: count)
      tileCount += 1
      first += count
    }
    sizes.tokens += tokens.count
    sizes.outputs += rows.count
    sizes.sequences += 1
    sizes.cached += start + tokens.count
    sizes.attended += tokens.count * start + tokens.count * (tokens.count + 1) / 2
  }
}

/// Which tokens of a sequence want a row from the head.
package enum OutputRows: Sendable {
  /// So many at the end.
  case last(Int)
  /// The first one.
  case first

  func range(of count: Int) -> Range<Int> {
    switch self {
    case .last(let wanted): count - wanted..<count
    case .first: 0..<1
    }
  }
}

/// A sequence's part in a step.
package struct StepSequence {
  /// The row of its first token in this step.
  package var firstToken: Int
  /// The position of its first token in this step.
  package var start: Int
  /// Its length after this step.
  package var length: Int
  /// Its pages in order.
  package var pages: UnsafePointer<UnsafeRawPointer?>

  /// Its rows in this step.
  package var rows: Range<Int> { firstToken..<firstToken + length - start }
}

/// Up to `Step.tileTokens` consecutive tokens of one sequence.
package struct StepTile {
  package var sequence: Int
  package var firstToken: Int
  package var count: Int
}
