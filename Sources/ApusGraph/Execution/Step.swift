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
  /// `[tokens]`, an index into `sequences`.
  package let tokenSequence: UnsafeMutablePointer<Int32>
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
    tokenSequence = .allocate(capacity: limits.tokens)
    outputRows = .allocate(capacity: limits.outputs)
    sequences = .allocate(capacity: limits.sequences)
    tiles = .allocate(capacity: limits.tokens / tileTokens + limits.sequences)
  }

  deinit {
    tokenIDs.deallocate()
    positions.deallocate()
    tokenSequence.deallocate()
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
  ///   - outputs: how many of the last of these tokens want a row from the head.
  package func append(
    _ tokens: UnsafeBufferPointer<Int32>, start: Int, pages: UnsafePointer<UnsafeRawPointer?>, outputs: Int
  ) {
    precondition(tokens.count <= remainingTokens && sizes.sequences < limits.sequences)
    precondition(outputs <= tokens.count && sizes.outputs + outputs <= limits.outputs)
    let sequence = sizes.sequences
    sequences[sequence] = StepSequence(start: start, length: start + tokens.count, pages: pages)
    for index in tokens.indices {
      let token = sizes.tokens + index
      tokenIDs[token] = tokens[index]
      positions[token] = Int32(start + index)
      tokenSequence[token] = Int32(sequence)
    }
    for index in 0..<outputs {
      outputRows[sizes.outputs + index] = Int32(sizes.tokens + tokens.count - outputs + index)
    }
    var first = 0
    while first < tokens.count {
      let count = min(tileTokens, tokens.count - first)
      tiles[tileCount] = StepTile(sequence: sequence, firstToken: sizes.tokens + first, count: count)
      tileCount += 1
      first += count
    }
    sizes.tokens += tokens.count
    sizes.outputs += outputs
    sizes.sequences += 1
    sizes.cached += start + tokens.count
    sizes.attended += tokens.count * start + tokens.count * (tokens.count + 1) / 2
  }
}

/// A sequence's part in a step.
package struct StepSequence {
  /// The position of its first token in this step.
  package var start: Int
  /// Its length after this step.
  package var length: Int
  /// Its pages in order.
  package var pages: UnsafePointer<UnsafeRawPointer?>
}

/// Up to `Step.tileTokens` consecutive tokens of one sequence.
package struct StepTile {
  package var sequence: Int
  package var firstToken: Int
  package var count: Int
}
