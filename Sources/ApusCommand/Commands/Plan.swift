// `apus plan`: what a model will take of memory and how fast it will be, before anything is loaded.

import ApusBasics
import ApusInference
import ApusModels
import ApusProfile
import ApusRuntime

enum PlanCommand: Command {
  static let name = "plan"
  static let summary = "Predict memory and speed of a model or a training run"
  static let discussion = [
    "Nothing of the weights is read: memory is computed by the functions that reserve it, and speed is measured in a "
      + "few seconds on the model's own operations, bound to stand-ins of its weights. Beside each speed stands what "
      + "limits it: memory, the arithmetic of its products, or phases too small to share.",
    "MODEL is a GGUF file or a Hugging Face folder; of one that makes vectors the speed is that of texts of --tokens. "
      + "A training configuration (a .json file), or --shape, is planned as a run: the table has what could be chosen "
      + "for micro-batch, recomputing and precision, and the fastest that fits is named.",
  ]
  static let examples = [
    "apus plan model.gguf --context 2048,8192 --threads 1,2",
    "apus plan configs/pretrain-small.json", "apus plan --shape gpt2 --json",
  ]

  private static let contexts = Option<[Int]>.integers(
    "context", "c", in: 1...1 << 30,
    help: "Contexts to plan for; without it the largest that fits, at most the model's")
  private static let parallel = Option<Int>.integer(
    "parallel", in: 1...1024, default: 1, help: "Texts generated side by side")
  private static let prompt = Option<Int>.integer(
    "n-prompt", "p", in: 1...1_000_000, default: 512, help: "Tokens of the prompt whose speed is shown")
  private static let tokens = Option<[Int]>.integers(
    "tokens", in: 1...1_000_000, default: [128], help: "Lengths of texts that become vectors")
  private static let threads = Option<[Int]>.integers(
    "threads", "t", in: 1...1024, help: "Numbers of threads to plan for; without it one per core")
  private static let memoryOnly = Option.flag("memory-only", help: "Measure nothing: leave the speed out")

  static let arguments = [ModelFile.argument.row]
  static let options =
    [
      ModelFile.option.row, contexts.row, parallel.row, prompt.row, GenerationFlags.batch.row,
      EngineFlags.cacheType.row, EngineFlags.coarse.row, tokens.row,
    ] + TrainingPlanView.options + [
      threads.row, memoryOnly.row, CommonOptions.verbose.row, CommonOptions.json.row,
    ]

  static func run(_ values: Values, _ console: Console) throws {
    if TrainingPlanView.isAsked(values) {
      return try TrainingPlanView.run(
        values, threads: values[threads].last, memoryOnly: values[memoryOnly], console)
    }
    let path = try ModelFile.path(values)
    try ModelFile.naming(path) {
      let files = try ModelFile.open(path)
      console.notes(files.warnings)
      if try files.isForEmbedding() {
        try planEmbedding(files, values, console)
      } else {
        try planGeneration(files, values, console)
      }
    }
  }

  /// The machine with each number of threads asked for, and its limits unless speed is left out.
  private static func machines(
    _ values: Values, _ console: Console
  ) throws -> [(runtime: Runtime, limits: MachineLimits?)] {
    let counts: [Int?] = values[threads].isEmpty ? [nil] : Array(Set(values[threads])).sorted()
    let runtimes = try counts.map { try Runtime(options: RuntimeOptions(threads: $0)) }
    console.notes(runtimes.last!.notes)
    if values[memoryOnly] { return runtimes.map { ($0, nil) } }
    let ceilings = try Ceilings.measure(runtimes.last!, threads: runtimes.map(\.workers.count), runs: 2)
    return Array(zip(runtimes, ceilings.map { MachineLimits($0) }))
  }

  // MARK: Generation

  private static func planGeneration(_ files: ModelFiles, _ values: Values, _ console: Console) throws {
    var question = GenerationQuestion()
    question.contexts = Array(Set(values[contexts])).sorted()
    question.sequences = values[parallel]
    question.keyValueFormat = values[EngineFlags.cacheType]
    question.batchTokens = values[GenerationFlags.batch]
    question.coarseActivations = values[EngineFlags.coarse]
    question.prompt = values[prompt]
    let planner = try GenerationPlanner(files, question) { ProcessMemory.resident ?? 0 }
    let machines = try machines(values, console)
    let plans = try machines.map { try planner.plans($0.runtime, $0.limits) }
    let trained = planner.network.configuration.contextLength
    for context in question.contexts where context > trained {
      console.note("note: context \(context) is more than the \(trained) the model was trained for")
    }
    if values[CommonOptions.json] {
      return try console.json(
        PlanDocument.make(files, machines, plans.joined().map(PlanDocument.generation)))
    }
    try heading(files, planner.network.architectureName, machines, console)
    for plan in plans[0] {
      try memory(
        plan.memory, plan.fits, machines[0].runtime, "context \(countText(plan.context))", console)
      if !plan.fits {
        try console.line("the largest context that fits is \(countText(plan.largestContext))")
      }
    }
    guard !values[memoryOnly] else { return }
    var table = Table([
      ("threads", .right), ("context", .right), ("test", .left), ("t/s", .right), ("limited by", .left),
    ])
    for plan in plans.joined() {
      let suffix = plan.sequences > 1 ? " × \(plan.sequences)" : ""
      for (name, rate) in [
        ("prompt of \(plan.promptTokens)", plan.prompt), ("prompt of \(plan.context)", plan.filling),
        ("generation\(suffix)", plan.decoding), ("generation\(suffix) at the end", plan.decodingAtEnd),
      ] {
        guard let rate else { continue }
        table.append([
          "\(plan.threads)", countText(plan.context), name, rateText(rate.tokensPerSecond),
          rate.limit.rawValue,
        ])
      }
    }
    try console.line()
    for line in table.lines() { try console.line(line) }
    if values[CommonOptions.verbose] {
      for (plan, machine) in zip(plans.map(\.last), machines) {
        guard let plan, let limits = machine.limits else { continue }
        try steps(
          [("prompt", plan.prompt), ("generation", plan.decoding)], plan.threads, limits, console)
      }
    }
  }

  // MARK: Embedding

  private static func planEmbedding(_ files: ModelFiles, _ values: Values, _ console: Console) throws {
    let planner = try EmbeddingPlanner(files) { ProcessMemory.resident ?? 0 }
    let machines = try machines(values, console)
    let lengths = Array(Set(values[tokens])).sorted()
    let plans = try machines.map { try planner.plans(lengths, $0.runtime, $0.limits) }
    if values[CommonOptions.json] {
      return try console.json(
        PlanDocument.make(files, machines, plans.joined().map(PlanDocument.embedding)))
    }
    try heading(files, planner.network.architectureName, machines, console)
    try memory(
      plans[0].last!.memory, plans[0].last!.fits, machines[0].runtime,
      "texts of up to \(countText(max(lengths.last!, EncoderPool.stepTokens))) tokens", console)
    guard !values[memoryOnly] else { return }
    var table = Table([
      ("threads", .right), ("tokens", .right), ("texts", .left), ("texts/s", .right), ("t/s", .right),
      ("limited by", .left),
    ])
    for plan in plans.joined() {
      for (name, rate) in [("one at a time", plan.single), ("many", plan.many)] {
        guard let rate else { continue }
        table.append([
          "\(plan.threads)", "\(plan.tokens)", name, rateText(rate.tokensPerSecond / Double(plan.tokens)),
          rateText(rate.tokensPerSecond), rate.limit.rawValue,
        ])
      }
    }
    try console.line()
    for line in table.lines() { try console.line(line) }
    if values[CommonOptions.verbose] {
      for (plan, machine) in zip(plans.map(\.last), machines) {
        guard let plan, let limits = machine.limits else { continue }
        try steps([("one text", plan.single), ("many texts", plan.many)], plan.threads, limits, console)
      }
    }
  }

  // MARK: Words

  /// Three digits are what a forecast is good for.
  private static func rateText(_ rate: Double) -> String {
    rate >= 100 ? countText(Int(rate.rounded())) : fixed(rate, rate >= 10 ? 1 : 2)
  }

  private static func heading(
    _ files: ModelFiles, _ architecture: String, _ machines: [(runtime: Runtime, limits: MachineLimits?)],
    _ console: Console
  ) throws {
    try console.line(
      "\(visible(files.modelName)): \(architecture), \(countText(files.parameterCount)) weights, "
        + "\(sizeText(files.byteCount)) in files; kernels \(machines[0].runtime.cpu.name)")
    for (runtime, limits) in machines {
      guard let limits else { continue }
      try console.line(limits.line(threads: runtime.workers.count))
    }
  }

  private static func memory(
    _ memory: PlannedMemory, _ fits: Bool, _ runtime: Runtime, _ title: String, _ console: Console
  ) throws {
    var table = Table([(title, .left), ("set aside", .right), ("in memory", .right)])
    for row in memory.purposes {
      table.append([row.purpose, sizeText(row.reserved), sizeText(row.resident ?? row.reserved)])
    }
    table.append(["all", sizeText(memory.reserved), sizeText(memory.resident)])
    try console.line()
    for line in table.lines() { try console.line(line) }
    try console.line(
      fits
        ? "fits: \(sizeText(runtime.memoryLimit)) may be used"
        : "does not fit: \(sizeText(runtime.memoryLimit)) may be used, and a fifth is left to files and others"
    )
  }

  /// Where the time of steps goes.
  private static func steps(
    _ rates: [(name: String, rate: PredictedRate?)], _ threads: Int, _ limits: MachineLimits,
    _ console: Console
  ) throws {
    for (name, rate) in rates {
      guard let step = rate?.step else { continue }
      var table = Table([
        (name + ", \(threads) threads", .left), ("phases", .right), ("ms", .right), ("share", .right),
        ("GFLOP/s", .right), ("GB/s", .right), ("limited by", .left),
      ])
      for part in step.parts.sorted(by: { $0.seconds > $1.seconds }) where part.seconds > 0 {
        table.append([
          part.name, "\(part.count)", fixed(part.seconds * 1e3, 3),
          fixed(100 * part.seconds / step.seconds, 1) + " %", fixed(part.cost.flops / part.seconds * 1e-9, 1),
          fixed(part.cost.bytes / part.seconds * 1e-9, 1), part.limit(on: limits).rawValue,
        ])
      }
      table.append(["beside the phases", "", fixed(step.overhead * 1e3, 3), "", "", "", ""])
      try console.line()
      for line in table.lines() { try console.line(line) }
    }
  }
}

extension MachineLimits {
  /// The limits in a line.
  func line(threads: Int) -> String {
    let rates = [("f32", f32 as Double?), ("bf16", bf16), ("int8", int8)].compactMap { name, rate in
      rate.map { "\(name) \(fixed($0 * 1e-9, 0)) G/s" }
    }
    return "\(threads) \(threads == 1 ? "thread" : "threads"): \(rates.joined(separator: ", ")), "
      + "memory \(fixed(readBytes * 1e-9, 1)) GB/s"
  }
}
