// The options of `apus bench`, and what they ask for together.

import ApusBasics
import ApusGraph
import ApusInference
import ApusProfile
import ApusRuntime
import ApusTensor

enum BenchOptions {
  static let prompt = Option<[Int]>.integers(
    "n-prompt", "p", in: 0...1_000_000, default: [512], help: "Tokens of the prompt; 0 leaves the test out")
  static let generate = Option<[Int]>.integers(
    "n-gen", "n", in: 0...1_000_000, default: [128], help: "Tokens to generate; 0 leaves the test out")
  static let depth = Option<[Int]>.integers(
    "n-depth", "d", in: 0...1_000_000, default: [0], help: "Tokens in the cache before the test")
  static let repetitions = Option<Int>.integer(
    "repetitions", "r", in: 1...1000, default: 5, help: "Times each test is measured, or rounds of a suite")
  static let parallel = Option<[Int]>.integers(
    "parallel", in: 1...256, default: [1], help: "Also generate with this many sequences at once")

  private static let keeping = "Keeping and comparing"
  static let suite = Option<[String]>.list(
    "suite", placeholder: "NAME,…",
    help: "What to measure: \(Suite.allCases.map(\.rawValue).joined(separator: ", "))"
  ).grouped(keeping)
  static let budget = Option<Double>.number(
    "budget", placeholder: "SECONDS", in: 1...86_400, default: 60, help: "How long to measure"
  ).grouped(keeping)
  static let save = Option<String?>.text("save", placeholder: "NAME", help: "Keep the result under this name")
    .grouped(keeping)
  static let against = Option<String?>.text(
    "against", placeholder: "NAME", help: "Compare with the result kept under this name"
  ).grouped(keeping)
  static let results: Option<String?> = {
    var option = Option<String?>.file(
      "results", placeholder: "DIR", help: "The folder of results (default: \(ResultFolder.standard))")
    option.row.group = keeping
    return option
  }()
  static let history = Option<String?>.file(
    "history", help: "Also append the result to this SQLite file (see apus bench history)"
  ).grouped(keeping)
  static let rival = Option<String?>.file(
    "rival", placeholder: "PROGRAM", help: "Compare with another build of apus, in turn"
  ).grouped(keeping)
  static let rivalSet = Option<[String]>.list(
    "rival-set", placeholder: "KEY=VALUE", help: "Compare with another setting, in turn"
  ).grouped(keeping)
  static let leastEffect = Option<Double>.number(
    "least-effect", placeholder: "PERCENT", in: 0...1000, default: 2,
    help: "The least change that is an alarm"
  ).grouped(keeping)
  static let handicap = Option<String?>.text(
    "handicap", placeholder: "OPERATION=X",
    help: "Make an operation take X times as long, to see whether it is noticed: 'matmul Q8_0=1.05'"
  ).grouped(keeping)
  static let child = Option.flag(
    "child", help: "Measure on request from standard input, a line for each sample; what --rival starts"
  ).grouped(keeping)

  static let rows =
    [
      prompt.row, generate.row, depth.row, repetitions.row, parallel.row, GenerationFlags.profile.row,
      suite.row, budget.row, save.row, against.row, results.row, history.row, rival.row, rivalSet.row,
      leastEffect.row, handicap.row, child.row,
    ] + EngineFlags.rows
}

/// What is asked for.
struct BenchRequest {
  /// The path of the model; nil for one made in memory.
  let model: String?
  /// As chosen; nil where the model decides.
  let suites: [Suite]?
  /// Whether it is the table of llama-bench's tests and nothing more.
  let isPlain: Bool
  let length: BenchLength
  let rule: AlarmRule
  let handicap: Handicap?
  let isRivalry: Bool

  init(_ values: Values) throws {
    model = values[ModelFile.option] ?? values[ModelFile.argument]
    suites = values.has(BenchOptions.suite) ? try Suite.list(values[BenchOptions.suite]) : nil
    if suites?.isEmpty == true { throw CommandError.usage("--suite names no suite") }
    handicap = try values[BenchOptions.handicap].map { text throws(BenchError) in try Handicap(text) }
    isRivalry = values[BenchOptions.rival] != nil || !values[BenchOptions.rivalSet].isEmpty
    let isKept =
      values[BenchOptions.save] != nil || values[BenchOptions.against] != nil
      || values[BenchOptions.history] != nil
    if isRivalry, isKept {
      throw CommandError.usage("--rival compares two now; leave out --save, --against and --history")
    }
    isPlain =
      model != nil && suites == nil && !isKept && !isRivalry && handicap == nil
      && !values.has(BenchOptions.budget) && !values[BenchOptions.child]
    var length = BenchLength()
    length.budget = values[BenchOptions.budget]
    if isPlain || values.has(BenchOptions.repetitions) { length.rounds = values[BenchOptions.repetitions] }
    if isPlain { length.mostSamples = 1 }
    self.length = length
    rule = AlarmRule(values)
  }

  /// The tests of a model that the options and suites ask for, within its context.
  func tests(_ values: Values, _ suites: [Suite], context: Int) throws(CommandError) -> [GenerationTest] {
    let tests = isPlain ? plainTests(values) : suiteTests(values, suites, context)
    guard let longest = tests.map(\.positions).max() else { throw .usage("nothing to measure") }
    guard longest <= context else {
      throw .failure("the tests need \(longest) positions; the model was trained for \(context)")
    }
    return tests
  }

  private func plainTests(_ values: Values) -> [GenerationTest] {
    values[BenchOptions.depth].flatMap { depth in
      values[BenchOptions.prompt].filter { $0 > 0 }.map { GenerationTest(.prompt($0), depth: depth) }
        + values[BenchOptions.generate].filter { $0 > 0 }.flatMap { tokens in
          ([1] + values[BenchOptions.parallel].filter { $0 > 1 }).map {
            GenerationTest(.generation(tokens, sequences: $0), depth: depth)
          }
        }
    }
  }

  /// What is not said is short, so that a round takes seconds, and within the model's context.
  private func suiteTests(_ values: Values, _ suites: [Suite], _ context: Int) -> [GenerationTest] {
    let prompts = values.has(BenchOptions.prompt) ? values[BenchOptions.prompt] : [128, 512]
    let lengths = values.has(BenchOptions.generate) ? values[BenchOptions.generate] : [32]
    let depths = values.has(BenchOptions.depth) ? values[BenchOptions.depth] : nil
    let parallel = values.has(BenchOptions.parallel) ? values[BenchOptions.parallel] : [4, 16]
    var tests: [GenerationTest] = []
    func add(_ kind: GenerationTest.Kind, _ depth: Int, isAsked: Bool) {
      let test = GenerationTest(kind, depth: depth)
      if isAsked || test.positions <= context { tests.append(test) }
    }
    if suites.contains(.prefill) {
      for depth in depths ?? [0] {
        for tokens in prompts where tokens > 0 {
          add(.prompt(tokens), depth, isAsked: values.has(BenchOptions.prompt))
        }
      }
    }
    for tokens in lengths where tokens > 0 {
      if suites.contains(.decode) {
        for depth in depths ?? [0, 512] {
          add(.generation(tokens, sequences: 1), depth, isAsked: depths != nil || depth == 0)
        }
      }
      if suites.contains(.batch) {
        for depth in depths ?? [0] {
          for count in parallel where count > 1 {
            add(.generation(tokens, sequences: count), depth, isAsked: true)
          }
        }
      }
    }
    return tests
  }
}
