// What makes a measurement doubtful, in words: samples that lie far apart, a machine that got slower or faster meanwhile.
// Processors that were held back or given to others are in SystemReading.

/// How steady the rounds of a test were.
package struct Steadiness: Sendable, Equatable {
  /// See `[Double].spread`.
  package var spread: Double
  /// The second half against the first, as a share: 0.05 is 5 % slower.
  package var drift: Double

  /// Beyond these a word is said. Two runs of one program on a quiet machine stay well within them.
  static let (spreadLimit, driftLimit) = (0.05, 0.03)

  package init(_ seconds: [Double]) {
    spread = seconds.spread
    guard seconds.count >= 4 else {
      drift = 0
      return
    }
    let half = seconds.count / 2
    let first = Array(seconds[..<half]).middle
    drift = first > 0 ? Array(seconds[(seconds.count - half)...]).middle / first - 1 : 0
  }

  /// What to say; empty when all is well.
  package var words: String {
    var words: [String] = []
    if spread > Self.spreadLimit { words.append("noisy, \(percentText(spread))") }
    if abs(drift) > Self.driftLimit {
      words.append("\(drift > 0 ? "slower" : "faster") by \(percentText(abs(drift))) in the second half")
    }
    return words.joined(separator: "; ")
  }
}
