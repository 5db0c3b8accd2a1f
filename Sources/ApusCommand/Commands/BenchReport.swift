// What `apus bench` shows of a result: the tables, the JSON document, the line of progress.

import ApusBasics
import ApusProfile
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Seconds since 1970.
func wallClock() -> Int {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Int(now.tv_sec)
}

struct BenchReport {
  let record: BenchRecord
  /// Whether it is llama-bench's table.
  let isPlain: Bool

  init(_ record: BenchRecord, isPlain: Bool) {
    self.record = record
    self.isPlain = isPlain
  }

  /// Tables in Markdown, and what a reader must know.
  func lines(showsOperations: Bool) -> [String] {
    var lines = isPlain ? plainTable : heading + suiteTable
    if showsOperations, !isPlain { lines += [""] + operationTable }
    lines += record.notes.map { "note: " + $0 }
    if record.isInterrupted { lines.append("interrupted: this is what was measured so far") }
    return lines
  }

  static func heading(against baseline: BenchRecord) -> String {
    "against \(baseline.name), apus \(baseline.version), \(dateText(baseline.time))"
      + (baseline.isInterrupted ? " (interrupted)" : "") + ":"
  }

  private var heading: [String] {
    let model = record.model.map {
      "\($0.name), \(sizeText($0.bytes)), \(countText($0.parameters)) weights; "
    }
    return ["\(model ?? "")\(record.machine.kernels), \(record.machine.threads) threads", ""]
  }

  private var plainTable: [String] {
    var table = Table([
      ("model", .left), ("size", .right), ("params", .right), ("kernels", .left), ("threads", .right),
      ("test", .right), ("t/s", .right),
    ])
    for series in record.tests {
      let rates = series.rates
      table.append([
        record.model?.name ?? "", sizeText(record.model?.bytes ?? 0),
        countText(record.model?.parameters ?? 0),
        record.machine.kernels, "\(record.machine.threads)", series.test.name,
        "\(fixed(rates.mean, 2)) ± \(fixed(rates.deviation, 2))",
      ])
    }
    return table.lines(.markdown)
  }

  private var suiteTable: [String] {
    var table = Table([
      ("test", .left), ("median", .right), ("unit", .left), ("95 %", .right), ("rounds", .right), ("", .left),
    ])
    for series in record.tests {
      let rates = series.rates
      let digits = rates.middle < 100 ? 2 : 0
      let interval = rates.medianInterval()
      // Fewer than six rounds cover less.
      let isSure = interval.map { $0.coverage >= 0.95 } ?? false
      table.append([
        series.test.name, fixed(rates.middle, digits), series.test.unit.rate.text,
        interval.map { "\(fixed($0.low, digits)) to \(fixed($0.high, digits))" + (isSure ? "" : " (all)") }
          ?? "",
        "\(rates.count)", Steadiness(series.seconds).words,
      ])
    }
    return table.lines(.markdown)
  }

  /// Operations of each test by their share.
  private var operationTable: [String] {
    var table = Table([("test", .left), ("operation", .left), ("ms", .right), ("share", .right)])
    for series in record.tests {
      let shares = series.operations.indices.map { series.share(of: $0) }
      for index in series.operations.indices.sorted(by: { shares[$0] > shares[$1] })
      where shares[index] >= AlarmRule().leastShare {
        table.append([
          series.test.name, series.operations[index],
          fixed(series.rounds.map { $0.operations[index].middle }.middle * 1e3, 2),
          percentText(shares[index]),
        ])
      }
    }
    return table.lines(.markdown)
  }

  /// The results by test, and all that was measured.
  func json(_ verdict: Verdict?) -> JSONValue {
    var members: [(name: String, value: JSONValue)] = [
      (
        "results",
        .array(
          record.tests.map { series in
            let rates = series.rates
            let interval = rates.medianInterval()
            return .members([
              "test": .string(series.test.name),
              (series.test.unit == .tokens ? "tokensPerSecond" : "rate"): .double(rates.mean),
              "unit": .string(series.test.unit.rate.text), "stddev": .double(rates.deviation),
              "median": .double(rates.middle), "low": .optional(interval?.low) { .double($0) },
              "high": .optional(interval?.high) { .double($0) },
              "coverage": .optional(interval?.coverage) { .double($0) },
              "samples": .array(rates.map { .double($0) }),
              "model": .optional(record.model) { .string($0.name) },
              "threads": .integer(record.machine.threads), "kernels": .string(record.machine.kernels),
            ])
          })
      )
    ]
    if !isPlain { members.append(("record", record.json)) }
    if let verdict { members.append(("verdict", verdict.json)) }
    return .members(members)
  }
}

/// One line that says what is measured and how long it will take, on a terminal.
struct BenchProgress {
  private let budget: Double?
  private let channel: OutputChannel
  private let start = MonotonicClock.nanoseconds
  private var isShown = false

  /// - Parameter budget: seconds in all, if that is known.
  init(_ budget: Double?, on console: Console) {
    self.budget = budget
    channel = console.errors
  }

  mutating func update(_ share: Double, _ test: String) {
    guard channel.isTerminal else { return }
    isShown = true
    let elapsed = Double(MonotonicClock.nanoseconds - start) * 1e-9
    let left = budget.map { max(0, $0 - elapsed) } ?? (share > 0 ? elapsed / share - elapsed : .infinity)
    // A line that cannot be drawn is no reason to stop the work.
    try? channel.write("\r\u{1B}[K\(fixed(100 * share, 0)) %  \(clockText(left)) left  \(test)")
  }

  mutating func finish() {
    guard isShown else { return }
    isShown = false
    try? channel.write("\r\u{1B}[K")
  }
}

extension [Double] {
  fileprivate var mean: Double { isEmpty ? 0 : reduce(0, +) / Double(count) }

  fileprivate var deviation: Double {
    guard count > 1 else { return 0 }
    let mean = mean
    return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
  }
}
