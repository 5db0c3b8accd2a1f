// `apus bench compare`: two results that were kept, without measuring anything.

import ApusBasics
import ApusProfile

enum BenchCompareCommand: Command {
  static let name = "bench compare"
  static let summary = "Compare two measurements that were kept"
  static let discussion = [
    "Says what got slower from the first to the second, as apus bench --against does, with the same exit codes: 3 for "
      + "something slower."
  ]
  static let examples = ["apus bench compare monday tuesday"]

  private static let first = Positional<String>.one("BASELINE", help: "The name of the earlier result")
  private static let second = Positional<String>.one("NAME", help: "The name of the later one")

  static let arguments = [first.row, second.row]
  static let options = [
    BenchOptions.results.row, BenchOptions.leastEffect.row, CommonOptions.json.row,
  ]

  static func run(_ values: Values, _ console: Console) throws {
    let folder = ResultFolder(values[BenchOptions.results] ?? ResultFolder.standard)
    let (baseline, record) = (try folder.load(values[first]), try folder.load(values[second]))
    try record.check(against: baseline)
    let verdict = Verdict.against(baseline.tests, record.tests, rule: AlarmRule(values))
    try console.line("\(record.name), \(dateText(record.time)), \(BenchReport.heading(against: baseline))")
    for line in verdict.lines { try console.line(line) }
    if values[CommonOptions.json] { try console.json(verdict.json) }
    if verdict.isRegression { throw CommandError.regression }
  }
}

extension AlarmRule {
  /// As the options say.
  init(_ values: Values) {
    self.init()
    leastEffect = values[BenchOptions.leastEffect] / 100
  }
}
