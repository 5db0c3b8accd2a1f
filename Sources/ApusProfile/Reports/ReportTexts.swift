// Numbers and sentences that several reports show alike.

import ApusBasics

/// A part of a whole: `43.1 %`.
package func percentText(_ part: Double) -> String {
  guard part.isFinite else { return "–" }
  return fixed(100 * part, part < 0.9995 ? 1 : 0) + " %"
}

/// An amount per second with its prefix, for a unit to follow: `12.3 G`.
func rateText(_ rate: Double) -> String {
  guard rate.isFinite else { return "– " }
  var value = rate
  var unit = 0
  let units = ["", "k", "M", "G", "T", "P", "E"]
  while value.magnitude >= 999.5, unit + 1 < units.count {
    value /= 1000
    unit += 1
  }
  return "\(fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0)) \(units[unit])"
}

/// Billions of an amount per second, whose unit stands in a heading: `12.3`.
func billionsText(_ rate: Double) -> String { rate.isFinite ? fixed(rate * 1e-9, 1) : "–" }

/// Nanoseconds with a unit: `812 ns`, `3.41 ms`.
func durationText(_ nanoseconds: Double) -> String {
  var value = nanoseconds
  var unit = 0
  let units = ["ns", "µs", "ms"]
  while value.magnitude >= 999.5, unit + 1 < units.count {
    value /= 1000
    unit += 1
  }
  // Then seconds, of which there may be thousands: with what a stopwatch shows.
  if value.magnitude >= 999.5 { return fixed(value / 1000, value < 99_950 ? 2 : 1) + " s" }
  return "\(fixed(value, unit == 0 || value >= 99.95 ? 0 : value < 9.995 ? 2 : 1)) \(units[unit])"
}

/// A ratio: `1.33 ×`.
func gainText(_ gain: Double?) -> String { gain.map { fixed($0, 2) + " ×" } ?? "–" }

extension Profile {
  /// What stands on top of every report of a run that did not come to its end.
  static let interruptedText =
    "Interrupted: this run was stopped before its end, and shows what was seen until then."

  /// Nanoseconds of all phases.
  var wall: Double { phases.reduce(0) { $0 + Double($1.wall) } }
}

extension ProfiledPhase {
  /// Bytes that cross the memory bus for a token if nothing is cached.
  var bytesPerToken: Double { perToken(\.bytes) }
  /// Multiplications and additions for a token.
  var flopsPerToken: Double { perToken(\.flops) }

  private func perToken(_ amount: (OperationProfile) -> Double) -> Double {
    tokens > 0 ? operations.reduce(0) { $0 + amount($1) } / Double(tokens) : 0
  }
}
