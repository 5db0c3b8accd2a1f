// `apus bench history`: what was kept, over time.

import ApusBasics
import ApusProfile
import ApusRuntime

enum BenchHistoryCommand: Command {
  static let name = "bench history"
  static let summary = "Show kept measurements over time"
  static let discussion = [
    "FROM is a folder of results (apus bench --save) or an SQLite file (apus bench --history). Medians are shown with the "
      + "range that covers them with 95 %; only results of the same machine, model and settings are one curve. --html "
      + "writes a page with a plot for each test."
  ]
  static let examples = [
    "apus bench history --html speed.html", "apus bench history speed.sqlite --test tg32",
  ]

  private static let from = Positional<String?>.optional(
    "FROM", isFile: true, help: "A folder of results or an SQLite file (default: \(ResultFolder.standard))")
  private static let test = Option<[String]>.list("test", placeholder: "NAME", help: "Only this test")
  private static let html = Option<String?>.file("html", help: "Write a page with plots")

  static let arguments = [from.row]
  static let options = [test.row, html.row, CommonOptions.json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let path = values[from] ?? ResultFolder.standard
    var points = try points(path, console)
    let known = Set(points.map(\.test)).sorted()
    for name in values[test] where !known.contains(name) {
      let near = suggestion(for: name, among: known).map { "; did you mean '\($0)'?" }
      throw CommandError.failure("\(path) has no test '\(visible(name))'" + (near ?? ""))
    }
    if !values[test].isEmpty { points = points.filter { values[test].contains($0.test) } }
    try show(points, console)
    if let file = values[html] {
      var writer = try AtomicFile(path: file, replacing: true)
      try writer.write(Array(HistoryPage(points, title: "apus bench: \(path)").html.utf8))
      try writer.commit()
      console.note("wrote \(file)")
    }
    guard values[CommonOptions.json] else { return }
    let list = points.map { point -> JSONValue in
      .members([
        "time": .integer(point.time), "name": .string(point.name), "version": .string(point.version),
        "conditions": .string(point.conditions), "test": .string(point.test), "unit": .string(point.unit),
        "median": .double(point.median), "low": .double(point.low), "high": .double(point.high),
      ])
    }
    try console.json(.members(["points": .array(list)]))
  }

  private static func points(_ path: String, _ console: Console) throws -> [HistoryPoint] {
    switch FileKind(path) {
    case .folder:
      let (records, problems) = ResultFolder(path).all()
      console.notes(problems)
      return records.flatMap(\.points)
    case .none: throw CommandError.failure("\(path): there is none; apus bench --save NAME keeps a result")
    case .file, .other: return try HistoryFile(reading: path).points()
    }
  }

  private static func show(_ points: [HistoryPoint], _ console: Console) throws {
    var table = Table([
      ("time (UTC)", .left), ("name", .left), ("version", .left), ("test", .left), ("median", .right),
      ("unit", .left), ("95 %", .right), ("conditions", .left),
    ])
    for point in points.sorted(by: { ($0.test, $0.conditions, $0.time) < ($1.test, $1.conditions, $1.time) })
    {
      let digits = point.median < 100 ? 2 : 0
      table.append([
        dateText(point.time), point.name, point.version, point.test, fixed(point.median, digits), point.unit,
        "\(fixed(point.low, digits)) to \(fixed(point.high, digits))", point.conditions,
      ])
    }
    for line in table.lines(.markdown) { try console.foreign(line + "\n") }
  }
}
