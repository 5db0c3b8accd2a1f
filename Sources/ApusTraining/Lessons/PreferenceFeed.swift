// The rows of preferences given to an engine, and the log-probabilities of their answers.

import ApusData

/// Fills micro-batches with rows of preferences, each two sequences, in memory that every one uses again.
final class PreferenceFeed {
  let dataset: PreferenceDataset
  /// Rows of a micro-batch.
  let micro: Int
  private let targets: UnsafeMutableBufferPointer<Int32>
  private let weights: UnsafeMutableBufferPointer<Float>

  private static let noTarget: Int32 = -1

  /// - Parameter length: the most tokens of a sequence.
  init(_ dataset: PreferenceDataset, micro: Int, length: Int) {
    self.dataset = dataset
    self.micro = micro
    targets = .allocate(capacity: length)
    weights = .allocate(capacity: length)
    weights.initialize(repeating: 0)
    targets.initialize(repeating: 0)
  }

  deinit {
    targets.deallocate()
    weights.deallocate()
  }

  /// Adds a sequence of a row, each token of the answer with the same weight. The last token predicts nothing and is left out.
  func add(_ index: Int, ofRow row: Int, weight: Float, to engine: TrainingEngine) {
    let sequence = dataset.sequence(index, ofRow: row)
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

  /// Writes the sum of log p over the answer of each sequence, two for a row.
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
        for index in 0...1 { add(index, ofRow: row(place), weight: 1, to: engine) }
      }
      _ = engine.run()
      var token = 0
      for place in range {
        for index in 0...1 {
          let counts = dataset.sequence(index, ofRow: row(place)).counts.dropFirst()
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
