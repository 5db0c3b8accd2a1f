// `apus train`: a model learns what a configuration says, and goes on where it was stopped.

import ApusBasics
import ApusRuntime
import ApusTraining

enum TrainCommand: Command {
  static let name = "train"
  static let summary = "Train a model as a configuration says"
  static let discussion = [
    "CONFIG is a JSON file; configs/ has some, and a README that explains every key; --help-config lists the keys. --set "
      + "gives a key another value, as often as wanted: --set optimizer.learningRate=3e-4.",
    "Checkpoints in checkpoint.directory are Hugging Face folders with the optimiser's state beside the model. A run "
      + "whose folder has one goes on from it, to the same bits as a run that was never stopped. Ctrl-C, SIGTERM and "
      + "SIGUSR1 finish the step, save and end.",
    "Started by mpirun, the processes share each step; a build with the package trait MPI can do that. SIGUSR1 to mpirun "
      + "ends them with a checkpoint, and any number of processes may go on from it.",
  ]
  static let examples = [
    "apus train configs/pretrain-small.json --set 'data.train=[\"stories.txt\"]'",
    "apus train run.json --set steps=100 --plan",
    "mpirun -n 4 --map-by node --bind-to none apus train run.json",
  ]

  private static let file = Positional<String?>.optional(
    "CONFIG", isFile: true, help: "The configuration, a JSON file")
  private static let settings = Option<[String]>.list(
    "set", placeholder: "KEY=VALUE", help: "Give a key another value; may be repeated")
  private static let keys = Option.flag("help-config", help: "List the keys of a configuration")
  private static let patience = Option.integer(
    "rank-timeout", placeholder: "SECONDS", in: 1...86_400, default: 60,
    help: "Under mpirun: the run ends when a process gives no sign of life for so long")
  private static let plan = Option.flag(
    "plan", help: "Say what the run would take of memory, and begin nothing")

  static let arguments = [file.row]
  static let options = [
    settings.row, plan.row, patience.row, keys.row, CommonOptions.threads.row, CommonOptions.json.row,
  ]

  static func run(_ values: Values, _ console: Console) throws {
    if values[keys] { return try console.write(TrainingConfiguration.help(width: console.width)) }
    guard let path = values[file] else {
      throw CommandError.usage("no configuration: name a JSON file, such as configs/pretrain-small.json")
    }
    let group = RankGroup(try joinProcesses(), timeout: Double(values[patience]))
    try group.guarding { try run(path, group, values, console) }
  }

  private static func run(
    _ path: String, _ group: RankGroup, _ values: Values, _ console: Console
  ) throws {
    let configuration = try TrainingConfiguration(path: path, settings: values[settings])
    let threads = values[CommonOptions.threads] ?? configuration.threads ?? group.threads(on: .detect())
    let runtime = try Runtime(options: RuntimeOptions(threads: threads))
    if group.isFirst { console.notes(runtime.notes) }
    if values[plan] { return try showPlan(configuration, runtime, group, values, console) }

    let interrupt = Interrupt.install(alsoUserSignal: true)
    let trainer = try Trainer(configuration, runtime: runtime, group: group)
    console.notes(trainer.notes)
    let peak = group.isFirst ? try Ceilings.arithmetic(runtime, bf16: configuration.precision == .bf16) : nil
    var view: LiveView? = LiveView(
      console, totalSteps: trainer.totalSteps,
      memoryLimit: configuration.memory.limit.bytes(available: runtime.memoryLimit))
    let summary = try trainer.run(
      peak: peak, shouldStop: { interrupt.signal.map { "stopped by signal \($0); the run can go on" } }
    ) { event in
      if values[CommonOptions.json] { return }
      do {
        try view?.show(event)
      } catch {
        // A run of days does not end with the terminal that it was started from.
        view = nil
        console.note("\(error); training goes on, its records are in \(configuration.checkpoint.directory)")
      }
    }
    guard view != nil else { return }
    view?.finish()
    if values[CommonOptions.json], group.isFirst { try console.json(json(summary, configuration)) }
  }

  private static func showPlan(
    _ configuration: TrainingConfiguration, _ runtime: Runtime, _ group: RankGroup, _ values: Values,
    _ console: Console
  ) throws {
    guard group.isFirst else { return }
    let (planned, micro, steps) = try Trainer.plan(configuration, runtime: runtime, group: group)
    var forecast = planned
    // This process is the program that would go on, its data in memory.
    if let resident = ProcessMemory.resident { forecast.program = resident }
    let limit = configuration.memory.limit.bytes(available: runtime.memoryLimit)
    if values[CommonOptions.json] {
      return try console.json(
        .members([
          "steps": .integer(steps), "microBatch": .integer(micro), "memoryLimit": .integer(limit),
          "memory": .members(
            [("total", forecast.total)].map { ($0.0, .integer($0.1)) }
              + forecast.rows.map { ($0.name, .integer($0.bytes)) }),
        ]))
    }
    var table = Table([("memory", .left), ("bytes", .right)])
    for row in forecast.rows { table.append([row.name, sizeText(row.bytes)]) }
    table.append(["all", sizeText(forecast.total)])
    table.append(["may be taken", sizeText(limit)])
    for line in table.lines() { try console.line(line) }
    try console.line("\(countText(steps)) steps, \(micro) sequences at once")
  }

  private static func json(_ summary: TrainerSummary, _ configuration: TrainingConfiguration) -> JSONValue {
    .members([
      "steps": .integer(summary.steps), "tokens": .integer(summary.tokens), "loss": .double(summary.loss),
      "validationLoss": summary.validationLoss.map { .double($0) } ?? .null,
      "complete": .bool(summary.isComplete), "directory": .string(configuration.checkpoint.directory),
    ])
  }
}
