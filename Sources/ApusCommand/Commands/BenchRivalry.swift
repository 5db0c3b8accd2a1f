// `apus bench --rival` and `--rival-set`: two programs, or one with two settings, in turn.

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

enum BenchRivalry {
  /// What `--rival-set` may change.
  private static let keys = ["threads", "cpu", "cache-type", "batch-size", "coarse-activations", "handicap"]

  static func run(
    _ values: Values, _ request: BenchRequest, _ console: Console, _ interrupt: Interrupt
  ) throws {
    let own = ownProgram()
    let rivalProgram = values[BenchOptions.rival] ?? own
    let set = try settings(values[BenchOptions.rivalSet])
    let isStopped = { interrupt.isRequested }
    let (ownWords, rivalWords) = (try words(values, [:]), try words(values, set))
    let first: ChildContestant
    let second: ChildContestant
    do {
      first = try ChildContestant(
        own, ownWords, environment: console.environment, isStopped: isStopped)
      var environment = console.environment
      if let cpu = set["cpu"] { environment["APUS_CPU"] = cpu }
      second = try ChildContestant(
        rivalProgram, rivalWords, environment: environment, isStopped: isStopped)
    } catch is BenchStopped {
      throw CommandError.interrupted(signal: interrupt.signal ?? SIGINT)
    }
    let shared = Set(first.tests.map(\.name)).intersection(second.tests.map(\.name))
    guard !shared.isEmpty else {
      throw BenchError.rival(program: rivalProgram, problem: "it has none of this program's tests")
    }
    first.keep(Array(shared))
    second.keep(Array(shared))

    let before = SystemReading.now()
    var progress = BenchProgress(request.length.budget, on: console)
    let runner = BenchRunner([first, second], request.length, isStopped: isStopped) {
      progress.update($0, $1)
    }
    let (series, isInterrupted) = try runner.run()
    progress.finish()
    let verdict = Verdict.paired(series[0], series[1], rule: request.rule)
    let name =
      values[BenchOptions.rival]
      ?? set.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      .joined(separator: " ")
    try show(first.record, second.record, name, series, console)
    try console.line()
    try console.line("\(name) against this:")
    let threads = max(first.record.machine.threads, second.record.machine.threads)
    let hindrances = SystemReading.now().since(before).hindrances(threads: threads)
    for line in verdict.lines + hindrances.map({ "note: " + $0 }) { try console.line(line) }
    if isInterrupted { try console.line("interrupted: this is what was measured so far") }
    if values[CommonOptions.json] {
      var records = [first.record, second.record]
      for index in records.indices {
        records[index].tests = series[index]
        records[index].isInterrupted = isInterrupted
      }
      try console.json(
        .members(["first": records[0].json, "second": records[1].json, "verdict": verdict.json]))
    }
    if isInterrupted { throw CommandError.interrupted(signal: interrupt.signal ?? SIGINT) }
    if verdict.isRegression { throw CommandError.regression }
  }

  private static func show(
    _ first: BenchRecord, _ second: BenchRecord, _ name: String, _ series: [[BenchSeries]], _ console: Console
  ) throws {
    func text(_ record: BenchRecord) -> String {
      "apus \(record.version), \(record.machine.kernels), \(record.machine.threads) threads"
    }
    try console.line("this: \(text(first)); \(name): \(text(second))")
    try console.line()
    var table = Table([
      ("test", .left), ("this", .right), (name, .right), ("unit", .left), ("rounds", .right), ("", .left),
    ])
    for (one, other) in zip(series[0], series[1]) {
      let (rate, rival) = (one.rates.middle, other.rates.middle)
      table.append([
        one.test.name, fixed(rate, rate < 100 ? 2 : 0), fixed(rival, rival < 100 ? 2 : 0),
        one.test.unit.rate.text,
        "\(one.rounds.count)", Steadiness(one.seconds).words,
      ])
    }
    for line in table.lines(.markdown) { try console.line(line) }
  }

  /// `KEY=VALUE` by key.
  private static func settings(_ texts: [String]) throws(CommandError) -> [String: String] {
    var result: [String: String] = [:]
    for text in texts {
      guard let place = text.firstIndex(of: "=") else {
        throw .usage("--rival-set '\(visible(text))': there is no '='; say for example threads=1")
      }
      let key = String(text[..<place])
      guard keys.contains(key) else {
        let similar = suggestion(for: key, among: keys).map { "; did you mean '\($0)'?" }
        throw .usage(
          "--rival-set: '\(visible(key))' is none of \(keys.joined(separator: ", "))" + (similar ?? ""))
      }
      result[key] = String(text[text.index(after: place)...])
    }
    return result
  }

  /// The command line of a child: what was asked for, with what is set otherwise.
  private static func words(_ values: Values, _ set: [String: String]) throws(CommandError) -> [String] {
    var words = ["bench", "--child"]
    if let model = values[ModelFile.option] ?? values[ModelFile.argument] { words += ["--model", model] }
    func list(_ name: String, _ numbers: Option<[Int]>) {
      guard values.has(numbers) else { return }
      words += ["--" + name, values[numbers].map(String.init).joined(separator: ",")]
    }
    list("n-prompt", BenchOptions.prompt)
    list("n-gen", BenchOptions.generate)
    list("n-depth", BenchOptions.depth)
    list("parallel", BenchOptions.parallel)
    if values.has(BenchOptions.suite) {
      words += ["--suite", values[BenchOptions.suite].joined(separator: ",")]
    }
    words += ["--batch-size", set["batch-size"] ?? "\(values[GenerationFlags.batch])"]
    words += ["--cache-type", set["cache-type"] ?? values[EngineFlags.cacheType].rawValue]
    let coarse = set["coarse-activations"] ?? "\(values[EngineFlags.coarse])"
    guard ["true", "false"].contains(coarse) else {
      throw .usage("--rival-set coarse-activations=\(visible(coarse)): it is true or false")
    }
    if coarse == "true" { words.append("--coarse-activations") }
    if let threads = set["threads"] ?? values[CommonOptions.threads].map(String.init) {
      words += ["--threads", threads]
    }
    if let handicap = set["handicap"] ?? values[BenchOptions.handicap] { words += ["--handicap", handicap] }
    return words
  }

  /// The file of this program.
  private static func ownProgram() -> String {
    var path = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &path, path.count - 1)
    guard length > 0 else { return CommandLine.arguments[0] }
    return String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
