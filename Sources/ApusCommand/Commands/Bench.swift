// `apus bench`: tokens per second of prompts and of decoding, in llama-bench's terms.

import ApusBasics
import ApusGraph
import ApusInference
import ApusRuntime

enum BenchCommand: Command {
  static let name = "bench"
  static let summary = "Measure prompt and generation speed"
  static let discussion = [
    "pp512 is a prompt of 512 tokens, tg128 the generation of 128 tokens one by one, tg128x4 four sequences at "
      + "once (tokens of all together). Each test runs once to warm up and then -r times; the table shows the mean "
      + "and the standard deviation. Values may be lists: -p 128,512."
  ]
  static let examples = ["apus bench model.gguf -p 512 -n 128 -r 5"]

  private static let prompt = Option<[Int]>.integers(
    "n-prompt", "p", in: 0...1_000_000, default: [512], help: "Tokens of the prompt; 0 leaves the test out")
  private static let generate = Option<[Int]>.integers(
    "n-gen", "n", in: 0...1_000_000, default: [128], help: "Tokens to generate; 0 leaves the test out")
  private static let depth = Option<[Int]>.integers(
    "n-depth", "d", in: 0...1_000_000, default: [0], help: "Tokens in the cache before the test")
  private static let repetitions = Option<Int>.integer(
    "repetitions", "r", in: 1...1000, default: 5, help: "Times each test is measured")
  private static let parallel = Option<Int>.integer(
    "parallel", in: 1...256, default: 1, help: "Also generate with this many sequences at once")

  static let arguments = [ModelFile.argument.row]
  static let options =
    [prompt.row, generate.row, depth.row, repetitions.row, parallel.row, GenerationFlags.profile.row]
    + EngineFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let model = try EngineFlags.load(values, console)
    let tests = tests(values)
    guard let longest = tests.map(\.positions).max() else { throw CommandError.usage("nothing to measure") }
    let trained = model.configuration.contextLength
    guard longest <= trained else {
      throw CommandError.failure("the tests need \(longest) positions; the model was trained for \(trained)")
    }
    let options = try EngineOptions.fitting(
      model, contextLength: longest, sequences: values[parallel],
      keyValueFormat: values[EngineFlags.cacheType], batchTokens: values[GenerationFlags.batch],
      coarseActivations: values[EngineFlags.coarse])
    let engine = try Engine(model, options)
    var results: [BenchResult] = []
    var profiles: [(String, ExecutionProfile)] = []
    for test in tests {
      var bar = ProgressBar(test.name, total: values[repetitions] + 1, unit: .items("runs"), on: console)
      var rates: [Double] = []
      let profile =
        values[GenerationFlags.profile]
        ? ExecutionProfile(engine.plan, workers: model.runtime.workers.count) : nil
      for run in 0...values[repetitions] {
        let rate = try test.measure(engine, run > 0 ? profile : nil) { try interrupt.check() }
        if run > 0 { rates.append(rate) }
        bar.update(run + 1)
      }
      bar.finish()
      results.append(BenchResult(test: test.name, rates: rates))
      if let profile { profiles.append((test.name, profile)) }
    }
    try show(results, model, values, console)
    guard !profiles.isEmpty else { return }
    let ceilings = try Ceilings.measure(model.runtime)
    for (name, profile) in profiles {
      try console.line()
      for line in ProfileTable.report(profile, of: name, ceilings) { try console.line(line) }
    }
  }

  private static func tests(_ values: Values) -> [BenchTest] {
    var tests: [BenchTest] = []
    for d in values[depth] {
      for p in values[prompt] where p > 0 { tests.append(BenchTest(kind: .prompt(p), depth: d)) }
      for n in values[generate] where n > 0 {
        tests.append(BenchTest(kind: .generation(n, sequences: 1), depth: d))
        if values[parallel] > 1 {
          tests.append(BenchTest(kind: .generation(n, sequences: values[parallel]), depth: d))
        }
      }
    }
    return tests
  }

  private static func show(
    _ results: [BenchResult], _ model: Model, _ values: Values, _ console: Console
  ) throws {
    let threads = model.runtime.workers.count
    var table = Table([
      ("model", .left), ("size", .right), ("params", .right), ("kernels", .left), ("threads", .right),
      ("test", .right), ("t/s", .right),
    ])
    for result in results {
      table.append([
        model.name, sizeText(model.files.byteCount), countText(model.parameterCount), model.runtime.cpu.name,
        "\(threads)", result.test, "\(fixed(result.mean, 2)) ± \(fixed(result.deviation, 2))",
      ])
    }
    for line in table.lines(.markdown) { try console.line(line) }
    guard values[CommonOptions.json] else { return }
    let list = results.map { result -> JSONValue in
      var object = JSONObject()
      object["test"] = .string(result.test)
      object["tokensPerSecond"] = .double(result.mean)
      object["stddev"] = .double(result.deviation)
      object["samples"] = .array(result.rates.map { .double($0) })
      object["model"] = .string(model.name)
      object["threads"] = .int(Int64(threads))
      object["kernels"] = .string(model.runtime.cpu.name)
      return .object(object)
    }
    var document = JSONObject()
    document["results"] = .array(list)
    try console.line(JSONValue.object(document).serialized())
  }
}

/// One thing to measure.
struct BenchTest {
  enum Kind {
    case prompt(Int)
    case generation(Int, sequences: Int)
  }

  let kind: Kind
  let depth: Int

  var name: String {
    let suffix = depth > 0 ? " @ d\(depth)" : ""
    switch kind {
    case .prompt(let tokens): return "pp\(tokens)\(suffix)"
    case .generation(let tokens, 1): return "tg\(tokens)\(suffix)"
    case .generation(let tokens, let sequences): return "tg\(tokens)x\(sequences)\(suffix)"
    }
  }

  /// Positions a sequence reaches.
  var positions: Int {
    switch kind {
    case .prompt(let tokens), .generation(let tokens, _): depth + tokens
    }
  }

  /// Tokens per second of one run. The tokens are arbitrary but fixed: speed does not depend on them.
  func measure(
    _ engine: Engine, _ profile: ExecutionProfile? = nil, _ check: () throws -> Void
  ) throws -> Double {
    let count =
      switch kind {
      case .prompt: 1
      case .generation(_, let sequences): sequences
      }
    let sequences = (0..<count).map { _ in engine.makeSequence() }
    for sequence in sequences { try feed(engine, [sequence], tokens: depth, outputs: 0, check) }
    engine.profile = profile
    defer { engine.profile = nil }
    let seconds: Double
    switch kind {
    case .prompt(let tokens):
      seconds = try time { try feed(engine, sequences, tokens: tokens, outputs: 1, check) }
      return Double(tokens) / seconds
    case .generation(let tokens, _):
      seconds = try time {
        for _ in 0..<tokens { try feed(engine, sequences, tokens: 1, outputs: 1, check) }
      }
      return Double(tokens * count) / seconds
    }
  }

  private func time(_ body: () throws -> Void) rethrows -> Double {
    try MonotonicClock.seconds(body)
  }

  private func feed(
    _ engine: Engine, _ sequences: [TokenSequence], tokens: Int, outputs: Int, _ check: () throws -> Void
  ) throws {
    let vocabulary = engine.model.configuration.vocabularySize
    var done = 0
    while done < tokens {
      try check()
      engine.beginStep()
      let part = min(tokens - done, engine.options.batchTokens / sequences.count)
      for (number, sequence) in sequences.enumerated() {
        let start = (sequence.length + 1) * 7919 + number * 104_729
        let ids = (0..<part).map { Int32((start + $0 * 7919) % vocabulary) }
        let last = done + part == tokens
        let added = ids.withUnsafeBufferPointer {
          engine.addToStep(sequence, $0, outputs: last ? outputs : 0)
        }
        guard added else { throw InferenceError.cacheFull }
      }
      try engine.runStep()
      done += part
    }
  }
}

/// The rates of one test.
struct BenchResult {
  let test: String
  let rates: [Double]

  var mean: Double { rates.reduce(0, +) / Double(rates.count) }

  var deviation: Double {
    guard rates.count > 1 else { return 0 }
    let squares = rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(rates.count - 1)).squareRoot()
  }
}
