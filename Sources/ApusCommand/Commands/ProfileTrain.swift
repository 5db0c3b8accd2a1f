// `apus profile train`: where the time of a step of training goes.

import ApusProfile
import ApusRuntime
import ApusTraining

enum ProfileTrainCommand: Command {
  static let name = "profile train"
  static let summary = "Show where the time of training goes"
  static let discussion = [
    "As 'apus profile run', for steps of a configuration: forward, backward, and the optimiser. Nothing is saved, and a "
      + "checkpoint in the run's folder is left alone."
  ]
  static let examples = ["apus profile train configs/pretrain-small.json --steps 5"]

  private static let file = Positional<String?>.optional(
    "CONFIG", isFile: true, help: "The configuration, a JSON file")
  private static let settings = Option<[String]>.list(
    "set", placeholder: "KEY=VALUE", help: "Give a key another value; may be repeated")
  private static let steps = Option<Int>.integer(
    "steps", in: 1...100_000, default: 10, help: "Steps that are measured, after two to warm up")

  static let arguments = [file.row]
  static let options =
    [settings.row, steps.row] + ProfileFlags.rows
    + [CommonOptions.threads.row, CommonOptions.verbose.row, CommonOptions.json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    guard let path = values[file] else {
      throw CommandError.usage("no configuration: name a JSON file, such as configs/pretrain-small.json")
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
    let command =
      (["apus profile train \(path)"] + values[settings].map { "--set '\($0)'" }
      + ["--steps \(values[steps])", "-t \(runtime.workers.count)"]).joined(separator: " ")
    try ProfileFlags.gather(command, values, console, interrupt) {
      try TrainingGatherer(sample.learner, task, runtime, $0).gather()
    }
  }
}
