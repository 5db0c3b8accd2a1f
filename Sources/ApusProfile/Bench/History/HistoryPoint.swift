// A history: medians of tests over time, from saved results or from a database.

import ApusBasics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A test's rate at a moment.
package struct HistoryPoint: Sendable, Equatable {
  /// Seconds since 1970.
  package var time: Int
  /// What the result was saved as.
  package var name: String
  package var version: String
  /// Processor, kernels, threads, model and settings, in a line: only points with the same can be joined.
  package var conditions: String
  package var test: String
  /// "t/s".
  package var unit: String
  package var median: Double
  /// Covers the median with 95 %, or with few rounds all of them.
  package var low: Double
  package var high: Double

  package init(
    time: Int, name: String, version: String, conditions: String, test: String, unit: String, median: Double,
    low: Double, high: Double
  ) {
    self.time = time
    self.name = name
    self.version = version
    self.conditions = conditions
    self.test = test
    self.unit = unit
    self.median = median
    self.low = low
    self.high = high
  }
}

extension BenchRecord {
  /// What must be the same for two results to be points of one curve.
  package var conditions: String {
    let model = model.map { "\($0.name) (\(sizeText($0.bytes)))" } ?? "no model"
    // What is as ever needs no word.
    let usual = ["cache-type": "f16", "batch-size": "512", "coarse-activations": "false"]
    let unusual = settings.filter { usual[$0.name] != $0.value }.map { "\($0.name) \($0.value)" }
    return ([model, machine.processor, machine.kernels, "\(machine.threads) threads"] + unusual)
      .joined(separator: ", ")
  }

  /// Its tests as points of a history.
  package var points: [HistoryPoint] {
    tests.map { series in
      let rates = series.rates
      let interval = rates.medianInterval()
      return HistoryPoint(
        time: time, name: name, version: version, conditions: conditions, test: series.test.name,
        unit: series.test.unit.rate.text, median: rates.middle, low: interval?.low ?? rates.middle,
        high: interval?.high ?? rates.middle)
    }
  }
}

/// A moment in UTC: "2026-11-21 13:46".
package func dateText(_ time: Int) -> String {
  var seconds = time_t(time)
  var parts = tm()
  gmtime_r(&seconds, &parts)
  func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
  return "\(Int(parts.tm_year) + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
    + "\(two(parts.tm_hour)):\(two(parts.tm_min))"
}
