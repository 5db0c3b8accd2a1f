// Is one list of numbers larger than another? Exact tests by ranks: Wilcoxon's signed ranks for pairs, Mann and Whitney's
// count for two lists. Both come with Hodges and Lehmann's estimate of the difference and its interval (M. Hollander,
// D. A. Wolfe, E. Chicken, "Nonparametric Statistical Methods", 3rd ed., chapters 3 and 4). Logarithms of times go in, so
// that a difference is a ratio.

/// How far two lists of numbers are apart.
package struct Shift: Sendable, Equatable {
  /// The estimate: positive when the second is larger.
  package var estimate: Double
  /// Covers the difference with 95 %, or with as much as there is.
  package var interval: Interval
  /// The probability of lists at least as far apart, either way, if they did not differ.
  package var probability: Double
  /// Pairs, or numbers of the shorter list.
  package var count: Int
  /// The least that `probability` can be for as many: if nothing of the one is below anything of the other.
  package var leastProbability: Double

  /// Exact up to ties, which share their ranks.
  ///
  /// - Parameter differences: second minus first, for each pair. Nil for none.
  /// - Complexity: O(*n*³), milliseconds for a hundred pairs.
  package static func paired(_ differences: [Double], coverage: Double = 0.95) -> Shift? {
    guard !differences.isEmpty else { return nil }
    var averages: [Double] = []
    for (index, first) in differences.enumerated() {
      for second in differences[index...] { averages.append((first + second) / 2) }
    }
    averages.sort()
    // Twice the rank is whole even where ties share one.
    let nonzero = differences.filter { $0 != 0 }
    let ranks = doubledRanks(nonzero.map(abs))
    let counts = subsetSums(ranks)
    let positive = zip(nonzero, ranks).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
    let untied = subsetSums((0..<differences.count).map { 2 * ($0 + 1) })
    return Shift(
      estimate: averages.sortedMiddle,
      interval: interval(
        averages, untied.enumerated().filter { $0.offset % 2 == 0 }.map(\.element), coverage),
      probability: twoSided(counts, at: positive), count: differences.count,
      leastProbability: twoSided(untied, at: 0))
  }

  /// Exact without ties; with ties the cautious side.
  ///
  /// - Parameter table: keeps distributions for the next call with as many numbers.
  /// - Complexity: O(*n*² *m*), milliseconds for a hundred of each; with the distribution known O(*n m* log *n m*).
  package static func unpaired(
    _ first: [Double], _ second: [Double], coverage: Double = 0.95, table: RankTable = RankTable()
  ) -> Shift? {
    guard !first.isEmpty, !second.isEmpty else { return nil }
    var differences: [Double] = []
    for y in second {
      for x in first { differences.append(y - x) }
    }
    differences.sort()
    let counts = table.counts(first.count, second.count)
    // Ties count half; half a count is taken towards the middle.
    let twice = differences.reduce(0) { $0 + ($1 > 0 ? 2 : $1 == 0 ? 1 : 0) }
    let middle = first.count * second.count
    let count = twice > middle ? twice / 2 : (twice + 1) / 2
    return Shift(
      estimate: differences.sortedMiddle, interval: interval(differences, counts, coverage),
      probability: twoSided(counts, at: count), count: min(first.count, second.count),
      leastProbability: twoSided(counts, at: 0))
  }

  /// The order statistics of all pairwise values that cover the shift, from the distribution of the test's count.
  private static func interval(_ ordered: [Double], _ counts: [Double], _ coverage: Double) -> Interval {
    let total = counts.reduce(0, +)
    var tail = 0.0
    var place = 0
    while place < ordered.count / 2, 2 * (tail + counts[place]) <= (1 - coverage) * total {
      tail += counts[place]
      place += 1
    }
    let from = max(0, place - 1)
    if place == 0 { tail = counts[0] }
    return Interval(
      low: ordered[from], high: ordered[ordered.count - 1 - from], coverage: 1 - 2 * tail / total)
  }

  private static func twoSided(_ counts: [Double], at place: Int) -> Double {
    let total = counts.reduce(0, +)
    let below = counts[...min(place, counts.count - 1)].reduce(0, +)
    let above = counts[min(place, counts.count - 1)...].reduce(0, +)
    return min(1, 2 * min(below, above) / total)
  }

  /// Twice the rank of each value; equal values share the mean of theirs.
  private static func doubledRanks(_ values: [Double]) -> [Int] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Int](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in order[start..<end] { ranks[place] = start + 1 + end }
      start = end
    }
    return ranks
  }

  /// How many subsets have each sum: the signed ranks of all choices of signs.
  private static func subsetSums(_ values: [Int]) -> [Double] {
    var counts = [1.0] + [Double](repeating: 0, count: values.reduce(0, +))
    var top = 0
    for value in values {
      top += value
      for sum in stride(from: top, through: value, by: -1) { counts[sum] += counts[sum - value] }
    }
    return counts
  }
}

/// Distributions of Mann and Whitney's count, each made once.
package final class RankTable {
  private struct Key: Hashable {
    let n: Int
    let m: Int
  }

  private var known: [Key: [Double]] = [:]

  package init() {}

  /// How many orders of `n` and `m` things have each count of pairs with the second above the first: the coefficients of
  /// the Gaussian binomial, by its recurrence, which only adds.
  func counts(_ n: Int, _ m: Int) -> [Double] {
    if let counts = known[Key(n: n, m: m)] { return counts }
    // rows[j] for j of the first list and the current number of the second.
    var rows = (0...n).map { _ in [1.0] }
    for second in 1...m {
      for first in 1...n {
        // The largest is of the second list: above all `first` of the other; or of the first: above none.
        var counts = [Double](repeating: 0, count: first * second + 1)
        for (sum, count) in rows[first].enumerated() { counts[sum + first] += count }
        for (sum, count) in rows[first - 1].enumerated() { counts[sum] += count }
        rows[first] = counts
      }
    }
    known[Key(n: n, m: m)] = rows[n]
    return rows[n]
  }
}

/// Probabilities corrected for the number of questions asked at once, in their order: S. Holm, "A Simple Sequentially
/// Rejective Multiple Test Procedure", 1979.
package func holm(_ probabilities: [Double]) -> [Double] {
  let order = probabilities.indices.sorted { probabilities[$0] < probabilities[$1] }
  var corrected = probabilities
  var largest = 0.0
  for (place, index) in order.enumerated() {
    largest = max(largest, min(1, probabilities[index] * Double(probabilities.count - place)))
    corrected[index] = largest
  }
  return corrected
}
