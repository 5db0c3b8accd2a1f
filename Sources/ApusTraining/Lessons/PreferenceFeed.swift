// The rows of preferences given to an engine, and what it makes of their answers: log-probabilities, or scores.

import ApusData

/// Fills micro-batches with rows of preferences, each two sequences, in memory that every one uses again.
final class PreferenceFeed {
  let dataset: PreferenceDataset
  /// Rows of a micro-batch.
  let micro: Int
  /// Whether a sequence is worth the score of its last token, and not the log p of its answer.
  let isScored: Bool
  private let targets: UnsafeMutableBufferPointer<Int32>
  private let weights: UnsafeMutableBufferPointer<Float>

  private static let noTarget: Int32 = -1

  /// - Parameter length: the most tokens of a sequence.
  init(_ dataset: PreferenceDataset, micro: Int, length: Int, isScored: Bool = false) {
    self.dataset = dataset
    self.micro = micro
    self.isScored = isScored
    targets = .allocate(capacity: length)
    weights = .allocate(capacity: length)
    weights.initialize(repeating: 0)
    targets.initialize(repeating: 0)
  }

  deinit {
    targets.deallocate()
    weights.deallocate()
  }

  /// Adds a sequence of a row, whose loss changes by `slope` with what the sequence is worth.
  func add(_ index: Int, ofRow row: Int, slope: Float, to engine: TrainingEngine) {
    let sequence = dataset.sequence(index, ofRow: row)
    if isScored {
      addScored(sequence.tokens, slope: slope, to: engine)
    } else {
      // A token's loss is −log p.
      addAnswer(sequence, weight: -slope, to: engine)
    }
  }

  /// The last token's score counts.
  private func addScored(_ tokens: ArraySlice<Int32>, slope: Float, to engine: TrainingEngine) {
    for place in 0..<tokens.count { (targets[place], weights[place]) = (Self.noTarget, 0) }
    weights[tokens.count - 1] = slope
    tokens.withUnsafeBufferPointer {
      engine.add(
        $0, targets: UnsafeBufferPointer(rebasing: targets[..<tokens.count]), weight: 0,
        scoreWeights: UnsafeBufferPointer(rebasing: weights[..<tokens.count]))
    }
  }

  /// Each token of the answer has the same weight. The last token predicts nothing and is left out.
  private func addAnswer(_ sequence: PreferenceSequence, weight: Float, to engine: TrainingEngine) {
    let count = sequence.tokens.count - 1
    sequence.tokens.withUnsafeBufferPointer { tokens in
      sequence.counts.withUnsafeBufferPointer { counts in
        for place in 0..<count {
          targets[place] = counts[place + 1] ? tokens[place + 1] : Self.noTarget
          weights[place] = counts[place + 1] ? weight : 0
        }
        engine.add(
          UnsafeBufferPointer(rebasing: tokens[..<count]),
          targets: UnsafeBufferPointer(rebasing: targets[..<count]), weight: 0,
          weights: UnsafeBufferPointer(rebasing: weights[..<count]))
      }
    }
  }

  /// Writes the sum of log p over the answer of each sequence, or its score: two for a row.
  ///
  /// - Parameters:
  ///   - count: rows.
  ///   - row: the data set's number of each.
  ///   - engine: one that computes losses only, plain ones.
  func logProbabilities(
    count: Int, row: (Int) -> Int, _ engine: TrainingEngine, into sums: UnsafeMutableBufferPointer<Double>
  ) {
    for first in stride(from: 0, to: count, by: micro) {
      let range = first..<min(first + micro, count)
      engine.begin(startsGradients: false)
      for place in range {
        for index in 0...1 { add(index, ofRow: row(place), slope: -1, to: engine) }
      }
      _ = engine.run()
      var token = 0
      for place in range {
        for index in 0...1 {
          let counts = dataset.sequence(index, ofRow: row(place)).counts.dropFirst()
          if isScored {
            token += counts.count + 1
            sums[2 * place + index] = Double(engine.score(ofToken: token - 1))
            continue
          }
          var sum = 0.0
          for isCounted in counts {
            if isCounted { sum -= Double(engine.loss(ofToken: token)) }
            token += 1
          }
          sums[2 * place + index] = sum
        }
      }
    }
  }
}
