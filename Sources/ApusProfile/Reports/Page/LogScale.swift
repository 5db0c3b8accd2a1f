// A logarithmic axis. There is no logarithm without libc; one by hand would be a second one.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Places of values on a logarithmic axis of whole decades.
struct LogScale {
  /// The least value shown, a power of ten.
  let low: Double
  /// The largest value shown, a power of ten.
  let high: Double
  /// The powers of ten in between, both ends included.
  let ticks: [Double]
  private let start: Double
  private let end: Double

  /// Powers of ten that are neither nothing nor endless, also when they are divided by a billion.
  private static let exponents = -290.0...290.0

  /// An axis that shows values, or the largest of them if they span more than `decades`.
  init(_ values: [Double], decades: Int, from start: Double, to end: Double) {
    let exponents = values.filter { $0 > 0 && $0.isFinite }.map {
      min(max(log10($0), Self.exponents.lowerBound), Self.exponents.upperBound)
    }
    let last = Int((exponents.max() ?? 1).rounded(.up))
    let first = max(min(Int((exponents.min() ?? 0).rounded(.down)), last - 1), last - decades)
    ticks = (first...last).map { pow(10, Double($0)) }
    low = pow(10, Double(first))
    high = pow(10, Double(last))
    self.start = start
    self.end = end
  }

  /// Where a value stands; values beyond the ends stand at them, and what is no number at the lower one.
  func place(_ value: Double) -> Double {
    guard !value.isNaN else { return start }
    let part = log10(min(max(value, low), high) / low) / log10(high / low)
    return start + part * (end - start)
  }

  /// The exponent of a tick.
  static func exponent(_ tick: Double) -> Int { Int(log10(tick).rounded()) }

  /// Whether a value lies on the axis.
  func contains(_ value: Double) -> Bool { (low...high).contains(value) }
}

/// The direction of lines in pictures.
enum SlopeAngle {
  /// Degrees of a line above the horizontal.
  static func degrees(rise: Double, run: Double) -> Double { atan2(rise, run) * 180 / .pi }
}
