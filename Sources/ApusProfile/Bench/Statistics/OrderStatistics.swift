// The median of a few samples and how far it can be trusted, without any assumption about their distribution: the
// interval between two order statistics covers the true median with a probability that is a sum of binomial terms.

/// A range that covers what was estimated.
package struct Interval: Sendable, Equatable {
  package var low: Double
  package var high: Double
  /// The probability that it does.
  package var coverage: Double
}

extension [Double] {
  /// The median; the mean of the middle two of an even number. Zero for none.
  package var middle: Double { sorted().sortedMiddle }

  /// The median of a list in order.
  var sortedMiddle: Double {
    guard !isEmpty else { return 0 }
    return count % 2 == 1 ? self[count / 2] : (self[count / 2 - 1] + self[count / 2]) / 2
  }

  /// The narrowest range of order statistics that covers the median with `coverage`, or with few samples all of them and
  /// what they cover. Nil for fewer than two.
  ///
  /// The k-th smallest is above the median when fewer than k of n fair coins show heads (H. A. David, H. N. Nagaraja,
  /// "Order Statistics", 2003, section 7.1).
  package func medianInterval(_ coverage: Double = 0.95) -> Interval? {
    guard count > 1 else { return nil }
    let ordered = sorted()
    // Terms of the binomial distribution from its tail, which for n up to a thousand do not vanish.
    var term = 1.0
    for _ in 0..<count { term /= 2 }
    var tail = 0.0
    var place = 0
    while place < count / 2, 2 * (tail + term) <= 1 - coverage {
      tail += term
      place += 1
      term *= Double(count - place + 1) / Double(place)
    }
    // With too few even the extremes cover less than asked for.
    let from = Swift.max(0, place - 1)
    if place == 0 { tail = term }
    return Interval(low: ordered[from], high: ordered[count - 1 - from], coverage: 1 - 2 * tail)
  }

  /// The value that a share of the samples is at most, the next sample above.
  package func quantile(_ share: Double) -> Double {
    guard !isEmpty else { return 0 }
    let ordered = sorted()
    return ordered[Swift.min(count - 1, Int(share * Double(count)))]
  }

  /// How far samples lie apart, as a share of the median: the median distance from it, times 1.4826, which for normal
  /// numbers is the standard deviation. A few outliers do not change it.
  package var spread: Double {
    let middle = middle
    guard middle > 0 else { return 0 }
    return 1.4826 * map { abs($0 - middle) }.middle / middle
  }
}
