// What the scores of many answers say together, with how sure that is.

/// Scores by prompt.
package struct RewardSummary: Sendable, Equatable {
  /// A mean and the borders of its 95 % interval.
  package struct Estimate: Sendable, Equatable {
    package var mean: Double
    package var low: Double
    package var high: Double
    /// Prompts behind it.
    package var count: Int
  }

  /// The normal distribution's 97.5 % point.
  private static let z = 1.959963984540054

  private var prompts: [[Double]] = []

  package init() {}

  /// Adds the scores of a prompt's answers; a prompt without any counts nothing.
  package mutating func add(_ scores: [Double]) {
    if !scores.isEmpty { prompts.append(scores) }
  }

  /// The mean over prompts of the mean of their answers; nil for no scores.
  ///
  /// Answers to one prompt are alike, so the interval is that of the prompts' means. Where answers are right or wrong, 1 or 0,
  /// it is E. B. Wilson's (1927, doi:10.1080/01621459.1927.10502953) for one answer a prompt, which holds near 0 and 1, too, and
  /// is rather too wide for several. Of other scores of a single prompt it is infinite.
  package var estimate: Estimate? {
    guard !prompts.isEmpty else { return nil }
    let means = prompts.map { $0.reduce(0, +) / Double($0.count) }
    let count = Double(means.count)
    let mean = means.reduce(0, +) / count
    let (z, square) = (Self.z, Self.z * Self.z)
    if prompts.allSatisfy({ $0.allSatisfy { $0 == 0 || $0 == 1 } }) {
      let center = (mean + square / (2 * count)) / (1 + square / count)
      let width =
        z / (1 + square / count)
        * (mean * (1 - mean) / count + square / (4 * count * count)).squareRoot()
      return Estimate(
        mean: mean, low: max(0, center - width), high: min(1, center + width), count: means.count)
    }
    guard means.count > 1 else { return Estimate(mean: mean, low: -.infinity, high: .infinity, count: 1) }
    let deviation = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
    let width = z * (deviation / count).squareRoot()
    return Estimate(mean: mean, low: mean - width, high: mean + width, count: means.count)
  }
}
