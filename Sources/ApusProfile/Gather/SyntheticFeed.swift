// Arbitrary but fixed tokens for an engine: speed does not depend on what they say.

import ApusInference

/// Feeds sequences, a step at a time; allocates nothing after it was made.
package final class SyntheticFeed {
  private let engine: Engine
  private let ids: UnsafeMutableBufferPointer<Int32>
  private let vocabulary: Int

  package init(_ engine: Engine) {
    self.engine = engine
    vocabulary = engine.network.configuration.vocabularySize
    ids = .allocate(capacity: max(1, engine.options.batchTokens))
    ids.initialize(repeating: 0)
  }

  deinit {
    ids.deallocate()
  }

  /// Tokens of each of so many sequences that a step takes.
  package func part(of tokens: Int, sequences: Int) -> Int {
    max(1, min(tokens, engine.options.batchTokens / sequences))
  }

  /// Runs a step with the next `tokens` of each sequence.
  ///
  /// - Parameter outputs: how many of each sequence's last tokens want logits.
  /// - Throws: `InferenceError.cacheFull`, and what the engine throws.
  package func step(_ sequences: [TokenSequence], tokens: Int, outputs: Int) throws {
    engine.beginStep()
    for number in 0..<sequences.count {
      let start = (sequences[number].length + 1) * 7919 + number * 104_729
      for index in 0..<tokens { ids[index] = Int32((start + index * 7919) % vocabulary) }
      let next = UnsafeBufferPointer(start: ids.baseAddress, count: tokens)
      guard engine.addToStep(sequences[number], next, outputs: outputs) else {
        throw InferenceError.cacheFull
      }
    }
    try engine.runStep()
  }
}
