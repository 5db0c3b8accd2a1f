// Tokens drawn from a row of logits, from the whole distribution, with their log-probabilities: what a policy does. Samplers
// that change the distribution are ApusInference's.

import ApusTensor
import CApusKernels

/// Draws tokens from softmax(logits / temperature).
///
/// The log-probability is minus the loss that `CrossEntropy` gives for the token with the weight 1, to the bit: both are
/// Float(log Σ exp − logit) with the same log-sum-exp.
struct TokenDraw {
  let vocabulary: Int
  /// 0 takes the likeliest token, the first of equals.
  let temperature: Double
  let kernels: KernelTable

  /// A token that was drawn, and the logarithm of its probability in the distribution it was drawn from; of a greedy choice
  /// in softmax(logits).
  struct Outcome {
    var token: Int32 = 0
    var logProbability: Float = 0
  }

  /// Values of which a draw looks at each: less than a thousandth of what the sums over all take.
  private static let fineSize = 256

  /// Draws as many tokens as `outcomes` has places, the one at `index` with `uniform(index)` in 0 ..< 1.
  ///
  /// - Parameter logits: finite; divided by the temperature when this returns.
  /// - Complexity: O(vocabulary), and O(vocabulary / 4,096) for each draw more.
  func draw(
    _ logits: UnsafeMutablePointer<Float>, into outcomes: UnsafeMutableBufferPointer<Outcome>,
    uniform: (Int) -> Double
  ) {
    if temperature > 0, temperature != 1 {
      kernels.pointee.scale(logits, Float(1 / temperature), Int32(vocabulary), logits)
    }
    let count = LogSumExp.tileCount(vocabulary)
    withUnsafeTemporaryAllocation(of: LogSumExp.self, capacity: count) { tiles in
      var total = LogSumExp()
      for tile in 0..<count {
        tiles[tile] = LogSumExp(tile: tile, of: logits, count: vocabulary, kernels: kernels)
        total.merge(tiles[tile])
      }
      let (logSum, largest) = (total.value, Double(total.maximum))
      for index in outcomes.indices {
        let token =
          temperature > 0
          ? pick(logits, UnsafeBufferPointer(tiles), largest, uniform(index))
          : Int(kernels.pointee.argmax(logits, Int64(vocabulary)))
        outcomes[index] = Outcome(
          token: Int32(token), logProbability: -Float(logSum - Double(logits[token])))
      }
    }
  }

  /// The first token at which the running sum of probabilities exceeds `uniform`: its tile, its part of that, itself. Sums
  /// of parts, each rounded, may end a little below the whole; then it is the last token that has any probability.
  private func pick(
    _ logits: UnsafePointer<Float>, _ tiles: UnsafeBufferPointer<LogSumExp>, _ largest: Double,
    _ uniform: Double
  ) -> Int {
    var total = 0.0
    for tile in tiles { total += Self.mass(tile.maximum, tile.sum, largest) }
    var rest = uniform * total
    let tile = Self.find(tiles.count, &rest) { Self.mass(tiles[$0].maximum, tiles[$0].sum, largest) }
    let range = LogSumExp.tile(tile, of: vocabulary)
    let parts = (range.count + Self.fineSize - 1) / Self.fineSize
    let part = Self.find(parts, &rest) { part in
      let start = range.lowerBound + part * Self.fineSize
      var (maximum, sum) = (Float(0), Float(0))
      kernels.pointee.sum_exp(
        logits + start, Int32(min(Self.fineSize, range.upperBound - start)), &maximum, &sum)
      return Self.mass(maximum, sum, largest)
    }
    let start = range.lowerBound + part * Self.fineSize
    return start
      + Self.find(min(Self.fineSize, range.upperBound - start), &rest) {
        apus_exp(Double(logits[start + $0]) - largest)
      }
  }

  private static func mass(_ maximum: Float, _ sum: Float, _ largest: Double) -> Double {
    sum > 0 ? Double(sum) * apus_exp(Double(maximum) - largest) : 0
  }

  /// The first of `count` places whose masses up to it exceed `rest`, which becomes what is left within it; else the last
  /// place that has any.
  private static func find(_ count: Int, _ rest: inout Double, _ mass: (Int) -> Double) -> Int {
    var last = (place: 0, before: 0.0)
    var sum = 0.0
    for place in 0..<count {
      let mass = mass(place)
      guard mass > 0 else { continue }
      last = (place, sum)
      sum += mass
      if sum > rest { break }
    }
    rest -= last.before
    return last.place
  }
}
