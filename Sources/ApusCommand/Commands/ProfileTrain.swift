// `apus profile train`: where the time of a step of training goes.

import ApusProfile
import ApusRuntime
import ApusTraining

enum ProfileTrainCommand: Command {
  static let name = "profile train"
  static let summary = "Show where the time of training goes"
  static let discussion = [
    "As 'apus profile run', for steps of a configuration: forward, backward, and the optimiser. Nothing is saved, and a "
      + "checkpoint in the run's folder is left alone. --shape takes a size of 'apus bench training' and random tokens "
      + "instead."
  ]
  static let examples = [
    "apus profile train configs/pretrain-small.json --steps 5", "apus profile train --shape medium",
  ]

  /// The sizes of `apus bench training`, and what a configuration says.
  private enum Shape: String, CaseIterable {
    case configured, small, medium, gpt2

    var size: TrainingSize? { TrainingSize(rawValue: rawValue) }
  }

  private static let file = Positional<String?>.optional(
    "CONFIG", isFile: true, help: "The configuration, a JSON file")
  private static let settings = Option<[String]>.list(
    "set", placeholder: "KEY=VALUE", help: "Give a key another value; may be repeated")
  private static let shape = Option<Shape>.choice(
    "shape", placeholder: "SIZE", default: .configured, help: "A size of model and batch, instead of CONFIG")
  private static let steps = Option<Int>.integer(
    "steps", in: 1...100_000, default: 10, help: "Steps that are measured, after two to warm up")

  static let arguments = [file.row]
  static let options =
    [settings.row, shape.row, steps.row] + ProfileFlags.rows
    + [CommonOptions.threads.row, CommonOptions.verbose.row, CommonOptions.json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    if let size = values[shape].size { return try run(size, values, console, interrupt) }
    guard let path = values[file] else {
      throw CommandError.usage(
        "no configuration: name a JSON file, such as configs/pretrain-small.json, or a --shape")
    }
    let configuration = try TrainingConfiguration(path: path, settings: values[settings])
    let runtime = try Runtime(
      options: RuntimeOptions(threads: values[CommonOptions.threads] ?? configuration.threads))
    console.notes(runtime.notes)
    let sample = try TrainingSample(configuration, runtime: runtime)
    console.notes(sample.notes)
    let batch = configuration.batch
    let task = TrainingTask(
      name: "train \(path), \(batch.sequences) × \(batch.length) tokens a step",
      microBatches: sample.microBatches, steps: values[steps], learningRate: sample.learningRate,
      fill: sample.fill)
    let words = [path] + values[settings].map { "--set '\($0)'" }
    try gather(words, sample.learner, task, runtime, values, console, interrupt)
  }

  /// Random tokens, in a model of one of the sizes that are measured.
  private static func run(
    _ size: TrainingSize, _ values: Values, _ console: Console, _ interrupt: Interrupt
  ) throws {
    guard values[file] == nil, values[settings].isEmpty else {
      throw CommandError.usage("--shape stands instead of a configuration")
    }
    let runtime = try CommonOptions.runtime(values, console)
    let bench = try TrainingBench(TrainingBenchOptions(size), runtime)
    let task = TrainingTask(
      name: "train \(size.rawValue), \(bench.options.sequences) × \(bench.options.length) tokens a step",
      microBatches: bench.microBatches, steps: values[steps], learningRate: TrainingBench.learningRate
    ) { _, microBatch, engine in bench.fill(microBatch, engine) }
    try gather(
      ["--shape \(size.rawValue)"], bench.learner, task, runtime, values, console, interrupt)
  }

  private static func gather(
    _ words: [String], _ learner: Learner, _ task: TrainingTask, _ runtime: Runtime, _ values: Values,
    _ console: Console, _ interrupt: Interrupt
  ) throws {
    let command =
      (["apus profile train"] + words + ["--steps \(task.steps)", "-t \(runtime.workers.count)"])
      .joined(separator: " ")
    try ProfileFlags.gather(command, values, console, interrupt) {
      try TrainingGatherer(learner, task, runtime, $0).gather()
    }
  }
}
