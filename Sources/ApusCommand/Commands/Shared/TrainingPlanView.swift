// `apus plan` of a training run: the choices in a table, and the one to take.

import ApusBasics
import ApusProfile
import ApusRuntime
import ApusTraining

enum TrainingPlanView {
  private static let shape = Option<ShapeChoice>.choice(
    "shape", placeholder: "SIZE", default: .none,
    help: "Plan training at a size of 'apus bench training', instead of a configuration")
  private static let precision = Option<TrainingPrecision>.choice(
    "precision", placeholder: "TYPE", default: .bf16, help: "With --shape: what products are rounded to")
  private static let settings = Option<[String]>.list(
    "set", placeholder: "KEY=VALUE",
    help: "Give a key of the training configuration another value; may be repeated")

  private enum ShapeChoice: String, CaseIterable { case none, small, medium, gpt2 }

  static let options = [shape.row, precision.row, settings.row]

  /// Whether the question is about training.
  static func isAsked(_ values: Values) -> Bool {
    values[shape] != .none
      || (values[ModelFile.option] ?? values[ModelFile.argument])?.hasSuffix(".json") == true
  }

  static func run(_ values: Values, threads: Int?, memoryOnly: Bool, _ console: Console) throws {
    if let size = TrainingSize(rawValue: values[shape].rawValue) {
      guard (values[ModelFile.option] ?? values[ModelFile.argument]) == nil else {
        throw CommandError.usage("--shape and a model exclude each other")
      }
      let (model, sequences, length) = size.shape
      var configuration = TrainingConfiguration()
      (configuration.batch.sequences, configuration.batch.length) = (sequences, length)
      configuration.precision = values[precision]
      let runtime = try Runtime(options: RuntimeOptions(threads: threads))
      return try show(
        TrainingPlanner(configuration, model, program: ProcessMemory.resident), "training \(size.rawValue)",
        runtime, values, memoryOnly,
        console)
    }
    let path = try ModelFile.path(values)
    let configuration = try TrainingConfiguration(path: path, settings: values[settings])
    let runtime = try Runtime(options: RuntimeOptions(threads: threads ?? configuration.threads))
    try show(
      try TrainingPlanner(configuration, runtime) { ProcessMemory.resident }, path, runtime, values,
      memoryOnly, console)
  }

  private static func show(
    _ planner: TrainingPlanner, _ title: String, _ runtime: Runtime, _ values: Values, _ memoryOnly: Bool,
    _ console: Console
  ) throws {
    console.notes(runtime.notes)
    let limits =
      memoryOnly
      ? nil : try MachineLimits(Ceilings.measure(runtime, threads: [runtime.workers.count], runs: 2)[0])
    let plan = try planner.plan(runtime, limits)
    if values[CommonOptions.json] {
      return try console.json(document(plan, title, runtime, limits))
    }
    let rows =
      plan.work?.answers.map {
        "\(plan.sequences) prompts with \($0.answers / plan.sequences) answers each, up to \(plan.length) tokens"
      } ?? "\(plan.sequences) sequences of \(plan.length) tokens"
    try console.line("\(visible(title)): \(rows) a step; kernels \(runtime.cpu.name)")
    if let limits { try console.line(limits.line(threads: plan.threads)) }
    if let chosen = plan.configured ?? plan.recommended {
      try console.line()
      try memory(plan.choices[chosen], plan.memoryLimit, console)
    }
    var table = Table([
      ("", .left), ("precision", .left), ("micro-batch", .right), ("recompute", .left), ("memory", .right),
      ("t/s", .right), ("s/step", .right), ("limited by", .left),
    ])
    for (index, choice) in plan.choices.enumerated() {
      let marks = [
        index == plan.recommended ? "fastest" : nil, index == plan.configured ? "configured" : nil,
      ]
      table.append([
        marks.compactMap { $0 }.joined(separator: ", "), choice.precision.rawValue, "\(choice.micro)",
        choice.recomputing.rawValue, sizeText(choice.memory.total) + (choice.fits ? "" : " does not fit"),
        plan.tokensPerSecond(choice).map { countText(Int($0.rounded())) } ?? "",
        choice.seconds.map { fixed($0.step, 3) } ?? "", choice.limit?.rawValue ?? "",
      ])
    }
    try console.line()
    for line in table.lines() { try console.line(line) }
    guard let recommended = plan.recommended else {
      let smallest = plan.choices.map(\.memory.total).min() ?? 0
      throw PlanError.nothingFits(smallest: smallest, limit: plan.memoryLimit)
    }
    guard !memoryOnly else { return }
    try console.line()
    if let chosen = plan.configured ?? plan.recommended {
      try parts(plan.choices[chosen], plan.work, console)
    }
    try console.line("the fastest that fits: \(settings(plan.choices[recommended]))")
  }

  /// A choice as settings of a run.
  private static func settings(_ choice: TrainingChoice) -> String {
    let recompute: Recomputation =
      switch choice.recomputing {
      case .none: .none
      case .asNeeded: .auto
      case .all: .all
      }
    return "--set batch.micro=\(choice.micro) --set memory.recompute=\(recompute.rawValue) --set precision="
      + choice.precision.rawValue
  }

  /// What a step is made of, where it is more than learning, and what is not known of it.
  private static func parts(_ choice: TrainingChoice, _ work: LessonWork?, _ console: Console) throws {
    guard let seconds = choice.seconds else { return }
    if seconds.parts.count > 2 || work?.answers != nil {
      let parts = seconds.parts.map { "\($0.name) \(fixed($0.seconds, 3)) s" }.joined(separator: ", ")
      try console.line("a step of the first table: \(parts)")
    }
    if seconds.before > 0 {
      try console.line("before the first step, once: reference \(fixed(seconds.before, 1)) s")
    }
    guard let answers = work?.answers else { return }
    var assumed = "answers are taken to have \(countText(answers.answerTokens)) tokens, the most they may"
    if answers.judge == nil { assumed += "; what judging them takes is not known and left out" }
    try console.line(assumed)
  }

  private static func memory(_ choice: TrainingChoice, _ limit: Int, _ console: Console) throws {
    var table = Table([
      (
        "\(choice.precision.rawValue), micro-batch \(choice.micro), recompute \(choice.recomputing.rawValue)",
        .left
      ),
      ("bytes", .right),
    ])
    for row in choice.memory.rows { table.append([row.name, sizeText(row.bytes)]) }
    table.append(["all", sizeText(choice.memory.total)])
    table.append(["may be taken", sizeText(limit)])
    for line in table.lines() { try console.line(line) }
  }

  private static func document(
    _ plan: TrainingPlan, _ title: String, _ runtime: Runtime, _ limits: MachineLimits?
  ) -> JSONValue {
    .members([
      "training": .string(title), "kernels": .string(runtime.cpu.name),
      "memoryLimit": .integer(plan.memoryLimit), "sequences": .integer(plan.sequences),
      "length": .integer(plan.length), "machine": PlanDocument.machine(plan.threads, limits),
      "configured": .optional(plan.configured) { .integer($0) },
      "recommended": .optional(plan.recommended) { .integer($0) },
      "choices": .array(
        plan.choices.map { choice in
          .members([
            "precision": .string(choice.precision.rawValue), "micro": .integer(choice.micro),
            "recompute": .string(choice.recomputing.rawValue), "fits": .bool(choice.fits),
            "tokensPerSecond": .optional(plan.tokensPerSecond(choice)) { .double($0) },
            "stepSeconds": .optional(choice.seconds?.step) { .double($0) },
            "updateSeconds": .optional(choice.seconds?.updates) { .double($0) },
            "beforeSeconds": .optional(choice.seconds?.before) { .double($0) },
            "parts": .optional(choice.seconds?.parts) { parts in
              .members(parts.map { ($0.name, .double($0.seconds)) })
            },
            "limit": .optional(choice.limit?.rawValue) { .string($0) },
            "memory": .members(
              [("total", choice.memory.total)].map { ($0.0, .integer($0.1)) }
                + choice.memory.rows.map { ($0.name, .integer($0.bytes)) }),
          ])
        }),
    ])
  }
}
