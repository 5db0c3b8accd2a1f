// `apus bench overhead`: what `apus profile` adds to the time of steps.

import ApusBasics
import ApusInference
import ApusProfile
import ApusRuntime
import ApusTraining
import CAllocationCounter

enum BenchOverheadCommand: Command {
  static let name = "bench overhead"
  static let summary = "Measure what profiling costs"
  static let discussion = [
    "Steps with all meters of 'apus profile' and steps without take turns in one process, --seconds for each test; the table "
      + "shows how much longer they take, with a range that covers it with 95 %, and how often a step's threads look at "
      + "a clock. Without a model two are made in memory, a tiny one and one of 22 million weights, and two are "
      + "trained. The exit code is 3 when profiling costs more than 1 % beyond doubt."
  ]
  static let examples = ["apus bench overhead", "apus bench overhead model.gguf -t 1 --seconds 20"]

  private static let prompt = Option<Int>.integer(
    "n-prompt", "p", in: 1...4096, default: 128, help: "Tokens of the step that reads a prompt")
  private static let depth = Option<Int>.integer(
    "n-depth", "d", in: 0...1_000_000, default: 32, help: "Tokens in the cache before one is generated")
  private static let seconds = Option<Double>.number(
    "seconds", in: 0.01...3600, default: 8, help: "How long each test is measured")

  static let arguments = [ModelFile.argument.row]
  static let options = [prompt.row, depth.row, seconds.row] + EngineFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let runtime = try CommonOptions.runtime(values, console)
    var results: [(model: String, cost: ProfilingOverhead)] = []
    func add(_ model: String, _ steps: ProfiledSteps) throws {
      var options = GatherOptions()
      options.shouldStop = { interrupt.isRequested }
      if apus_allocations_counted() != 0 { options.allocations = { apus_allocations_everywhere() } }
      let cost = try ProfilingOverhead.measure(steps, seconds: values[seconds], options) {
        apus_count_allocations_everywhere($0 ? 1 : 0)
      }
      if let cost { results.append((model, cost)) }
    }
    func add(_ model: Model) throws {
      let positions = max(values[prompt], values[depth] + 1)
      let trained = model.configuration.contextLength
      guard positions <= trained else {
        throw CommandError.failure("\(positions) positions are wanted; the model was trained for \(trained)")
      }
      let engine = try Engine(
        model,
        .fitting(
          model, contextLength: positions, sequences: 1,
          keyValueFormat: values[EngineFlags.cacheType], batchTokens: values[prompt],
          coarseActivations: values[EngineFlags.coarse]))
      try add(model.name, ProfiledSteps(engine, tokens: 1, depth: values[depth]))
      try add(model.name, ProfiledSteps(engine, tokens: values[prompt], depth: 0))
    }
    if (values[ModelFile.option] ?? values[ModelFile.argument]) != nil {
      try add(EngineFlags.load(values, console, on: runtime))
    } else {
      for sizes in [TinyModel.Sizes(), .measurable] {
        try add(Model(TinyModel(seed: 0, sizes).file(), runtime: runtime))
      }
      try add("64 wide, random", ProfiledSteps(TrainingBench(tiny, runtime), runtime))
      var small = TrainingBenchOptions(.small)
      small.sequences = small.micro
      try add("small", ProfiledSteps(TrainingBench(small, runtime), runtime))
    }
    try show(results, runtime, values, console)
    try interrupt.check()
    if results.contains(where: \.cost.isTooMuch) { throw CommandError.regression }
  }

  /// Steps of a millisecond.
  private static var tiny: TrainingBenchOptions {
    var options = TrainingBenchOptions(.small)
    options.model = ModelShape("gpt2", layers: 2, hidden: 64, heads: 4, context: 32, vocabulary: 512)
    (options.sequences, options.micro, options.length) = (4, 4, 32)
    return options
  }

  private static func show(
    _ results: [(model: String, cost: ProfilingOverhead)], _ runtime: Runtime, _ values: Values,
    _ console: Console
  ) throws {
    try console.line("\(runtime.cpu.name), \(runtime.workers.count) threads")
    try console.line()
    var table = Table([
      ("model", .left), ("step", .left), ("µs without", .right), ("steps", .right), ("profiled", .right),
      ("95 %", .right), ("clock reads", .right), ("ns a read", .right), ("reads alone", .right),
    ])
    for (model, cost) in results {
      func percent(_ share: Double) -> String { (share < 0 ? "" : "+") + fixed(100 * share, 2) }
      let threads = Double(runtime.workers.count)
      let reads = Double(cost.looks) * cost.lookSeconds / threads / cost.seconds
      table.append([
        model, cost.test, fixed(cost.seconds * 1e6, 1), "\(4 * cost.fours)", percent(cost.share) + " %",
        "\(percent(cost.low)) to \(percent(cost.high)) %", "\(cost.looks)",
        fixed(cost.lookSeconds * 1e9, 1), percent(reads) + " %",
      ])
    }
    for line in table.lines(.markdown) { try console.line(line) }
    guard values[CommonOptions.json] else { return }
    try console.json(
      .members([
        "kernels": .string(runtime.cpu.name), "threads": .integer(runtime.workers.count),
        "results": .array(
          results.map { model, cost in
            .members([
              "model": .string(model), "test": .string(cost.test), "seconds": .double(cost.seconds),
              "steps": .integer(4 * cost.fours), "overhead": .double(cost.share), "low": .double(cost.low),
              "high": .double(cost.high), "clockReads": .integer(cost.looks),
              "readSeconds": .double(cost.lookSeconds),
            ])
          }),
      ]))
  }
}
