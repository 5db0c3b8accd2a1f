// The answers of a step as rows to learn from: their tokens behind their prompts, the log-probabilities that are known of
// them, and what each token is to count. How an objective finds that is its lesson's.

import ApusRuntime

/// A prompt with its answer.
struct PolicyRow {
  /// All but the last token of the answer, which nothing follows.
  var tokens: [Int32]
  /// What follows each, −1 within the prompt.
  var targets: [Int32]
  /// The first place whose target is of the answer.
  let start: Int
  /// The score of the answer.
  let reward: Double
  /// Which of the step's prompts it answers.
  let group: Int
  /// Log-probabilities of the answer's tokens: when they were drawn, by the reference, and by the weights as they were last
  /// asked.
  var old: [Double]
  var reference: [Double] = []
  var current: [Double]
  /// Values before each token, when they were drawn and as they were last asked; empty in networks without.
  var oldValues: [Double] = []
  var values: [Double] = []
  /// What the values should have been.
  var returns: [Double] = []
  /// How much better the answer went from each token on than could be expected.
  var advantages: [Double] = []
  /// What each place counts in the loss: minus the slope of the objective by its log-probability; 0 within the prompt.
  var weights: [Float]
  /// The slope of the objective by each place's score.
  var scoreWeights: [Float]

  init(prompt: [Int32], _ rollout: Rollout, reward: Double = 0) {
    tokens = prompt + rollout.tokens.dropLast()
    start = prompt.count - 1
    targets = Array(repeating: -1, count: start) + rollout.tokens
    old = rollout.logProbabilities.map(Double.init)
    current = old
    weights = Array(repeating: 0, count: tokens.count)
    scoreWeights = weights
    self.reward = reward
    group = rollout.prompt
  }

  /// Tokens of the answer.
  var length: Int { old.count }

  /// Whether anything is to be learned from it.
  var teaches: Bool { weights.contains { $0 != 0 } || scoreWeights.contains { $0 != 0 } }
}

/// Rows in micro-batches: as many one after the other as an engine takes at once.
struct PolicyMicroBatches {
  private(set) var ranges: [Range<Int>] = []

  /// None.
  init() {}

  init(_ rows: [PolicyRow], _ options: TrainingEngineOptions) {
    var (start, tokens) = (0, 0)
    for (index, row) in rows.enumerated() {
      if index > start,
        tokens + row.tokens.count > options.tokens || index - start == options.sequences
      {
        ranges.append(start..<index)
        (start, tokens) = (index, 0)
      }
      tokens += row.tokens.count
    }
    if start < rows.count { ranges.append(start..<rows.count) }
  }
}

extension TrainingEngine {
  /// The log-probability of each token of the rows' answers, and the value before it in networks with values, by the
  /// engine's weights as they are.
  ///
  /// - Complexity: a forward pass over the rows.
  func measure(_ rows: [PolicyRow]) -> [(logProbabilities: [Double], values: [Double])] {
    var result: [(logProbabilities: [Double], values: [Double])] = []
    result.reserveCapacity(rows.count)
    for range in PolicyMicroBatches(rows, options).ranges {
      begin(startsGradients: false)
      for row in rows[range] { add(row.tokens, row.targets, weight: 1) }
      _ = run()
      var place = 0
      for row in rows[range] {
        let places = place + row.start..<place + row.tokens.count
        result.append(
          (
            places.map { -Double(loss(ofToken: $0)) },
            options.heads.hasScores ? places.map { Double(score(ofToken: $0)) } : []
          ))
        place += row.tokens.count
      }
    }
    return result
  }

  /// Adds a text with targets that count the same.
  private func add(_ tokens: [Int32], _ targets: [Int32], weight: Float) {
    tokens.withUnsafeBufferPointer { tokens in
      targets.withUnsafeBufferPointer { add(tokens, targets: $0, weight: weight) }
    }
  }

  /// Adds a row that counts what its weights say.
  func add(_ row: PolicyRow) {
    row.tokens.withUnsafeBufferPointer { tokens in
      row.targets.withUnsafeBufferPointer { targets in
        row.weights.withUnsafeBufferPointer { weights in
          row.scoreWeights.withUnsafeBufferPointer {
            add(tokens, targets: targets, weight: 0, weights: weights, scoreWeights: $0)
          }
        }
      }
    }
  }
}

/// Which rows an update learns from: each epoch has an order of its own, cut into nearly equal parts.
struct MinibatchOrder {
  private let count: Int
  private let parts: Int
  private let random: Philox

  /// - Parameter parts: at most `count` are made, so that none is empty.
  init(count: Int, parts: Int, seed: Int, step: Int) {
    self.count = count
    self.parts = min(parts, count)
    random = Philox(key: Philox.key(for: "minibatches of step \(step)", seed: UInt64(seed)))
  }

  /// Updates of an epoch; none without rows.
  var updatesPerEpoch: Int { parts }

  /// The rows of an update, counted through all epochs.
  func rows(ofUpdate update: Int) -> [Int] {
    guard parts > 1 else { return Array(0..<count) }
    let (epoch, part) = update.quotientAndRemainder(dividingBy: parts)
    var order = Array(0..<count)
    for place in order.indices.dropLast() {
      let word = UInt64(random.block(UInt64(place), UInt64(epoch))[0])
      order.swapAt(place, place + Int((word * UInt64(count - place)) >> 32))
    }
    return Array(order[part * count / parts..<(part + 1) * count / parts])
  }
}
