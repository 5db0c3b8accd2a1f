// Candidates as a distribution: probabilities, log-sum-exp, and the draw.

import ApusTensor
import CApusKernels

extension Candidates {
  /// Gives every candidate its probability among the candidates.
  ///
  /// - Returns: the log of the sum of the exponentials of their logits.
  @discardableResult
  mutating func normalise() throws(SamplingError) -> Double {
    try makeList()
    let entries = entries
    let largest = try largest()
    var sum = 0.0
    for index in entries.indices {
      let weight = apus_expf(entries[index].logit - largest)
      entries[index].probability = weight
      sum += Double(weight)
    }
    for index in entries.indices {
      entries[index].probability = Float(Double(entries[index].probability) / sum)
    }
    return Double(largest) + apus_log(sum)
  }

  /// The log of the sum of the exponentials of the candidates' logits, without making a list where that
  /// can be avoided.
  mutating func logSumExp() throws(SamplingError) -> Double {
    guard isWhole, mask == nil else { return try normalise() }
    try survey()
    return LogSumExp(row, count: vocabularySize, kernels: kernels).value
  }

  /// Gives the listed candidates their probability among all whose log-sum-exp is `total`.
  func setProbabilities(_ total: Double) {
    let entries = entries
    for index in entries.indices {
      entries[index].probability = Float(apus_exp(Double(entries[index].logit) - total))
    }
  }

  /// The entropy of the normalised list, in nats.
  func entropy() -> Double {
    var entropy = 0.0
    for candidate in entries where candidate.probability > 0 {
      entropy -= Double(candidate.probability) * apus_log(Double(candidate.probability))
    }
    return entropy
  }

  /// Draws a candidate: the first at which the running sum of probabilities exceeds `uniform`.
  ///
  /// - Parameter uniform: 0 ≤ uniform < 1.
  mutating func draw(_ uniform: Double) throws(SamplingError) -> Candidate {
    if isWhole, mask == nil { return try drawFromRow(uniform) }
    try normalise()
    let entries = entries
    var sum = 0.0
    var likely = entries[0]
    for candidate in entries where candidate.probability > 0 {
      sum += Double(candidate.probability)
      likely = candidate
      if sum > uniform { return candidate }
    }
    // The probabilities, each rounded, may sum to a little less than 1.
    return likely
  }

  /// The same on the row itself: first the tile, then the token in it.
  private mutating func drawFromRow(_ uniform: Double) throws(SamplingError) -> Candidate {
    try survey()
    let largest = Double(maximum)
    var total = 0.0
    for tile in 0..<LogSumExp.tileCount(vocabularySize) { total += mass(ofTile: tile, largest) }
    var sum = 0.0
    var likely = Candidate(token: best, logit: maximum, probability: Float(1 / total))
    for tile in 0..<LogSumExp.tileCount(vocabularySize) {
      let mass = mass(ofTile: tile, largest)
      let isLast = sum + mass > uniform * total
      if isLast {
        for token in LogSumExp.tile(tile, of: vocabularySize) {
          let weight = apus_exp(Double(row[token]) - largest)
          guard weight > 0 else { continue }
          sum += weight
          likely = Candidate(
            token: Int32(token), logit: row[token], probability: Float(weight / total))
          if sum > uniform * total { break }
        }
        return likely
      }
      sum += mass
    }
    return likely
  }

  /// The sum of exp(logit − largest) over a tile.
  private func mass(ofTile tile: Int, _ largest: Double) -> Double {
    let partial = LogSumExp(tile: tile, of: row, count: vocabularySize, kernels: kernels)
    return partial.isEmpty ? 0 : Double(partial.sum) * apus_exp(Double(partial.maximum) - largest)
  }

  /// The largest logit.
  mutating func largest() throws(SamplingError) -> Float {
    if isWhole {
      try survey()
      return maximum
    }
    guard count > 0 else { throw .noTokenAllowed }
    var largest = entries[0].logit
    if !isSorted {
      for candidate in entries { largest = max(largest, candidate.logit) }
    }
    guard largest > -.infinity else { throw .noTokenAllowed }
    return largest
  }
}
