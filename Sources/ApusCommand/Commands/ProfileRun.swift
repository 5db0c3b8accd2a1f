// `apus profile run`: where the time of prompts and generation goes.

import ApusInference
import ApusProfile

enum ProfileRunCommand: Command {
  static let name = "profile run"
  static let summary = "Show where the time of prompts and generation goes"
  static let discussion = [
    "For each kind of operation: its time, calls, operations and bytes per second, the share of what this machine does at "
      + "best, and t₁/(n·tₙ), how well its threads share the work. -v adds a row for each layer. Then memory by purpose, "
      + "page faults, context switches, heap allocations within steps (there must be none) and the processor's counters.",
    "The tokens are arbitrary but fixed. Each phase is repeated for a second; Ctrl-C ends it early and shows what was "
      + "measured until then.",
  ]
  static let examples = [
    "apus profile run model.gguf -p 512 -n 128", "apus profile run model.gguf -p 0 -d 4096 -v",
  ]

  private static let prompt = Option<Int>.integer(
    "n-prompt", "p", in: 0...1_000_000, default: 512, help: "Tokens of the prompt; 0 leaves it out")
  private static let generate = Option<Int>.integer(
    "n-gen", "n", in: 0...1_000_000, default: 128, help: "Tokens to generate; 0 leaves it out")
  private static let depth = Option<Int>.integer(
    "n-depth", "d", in: 0...1_000_000, default: 0, help: "Tokens in the cache before each")
  private static let parallel = Option<Int>.integer(
    "parallel", in: 1...256, default: 1, help: "Sequences that generate at once")

  static let arguments = [ModelFile.argument.row]
  static let options =
    [prompt.row, generate.row, depth.row, parallel.row] + ProfileFlags.rows + EngineFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    var settings = RunSettings()
    (settings.prompt, settings.generate) = (values[prompt], values[generate])
    (settings.depth, settings.parallel) = (values[depth], values[parallel])
    guard settings.prompt > 0 || settings.generate > 0 else { throw CommandError.usage("nothing to measure") }
    let model = try EngineFlags.load(values, console)
    let trained = model.configuration.contextLength
    guard settings.positions <= trained else {
      throw CommandError.failure(
        "\(settings.positions) positions are wanted; the model was trained for \(trained)")
    }
    let engine = try Engine(
      model,
      .fitting(
        model, contextLength: settings.positions, sequences: settings.parallel,
        keyValueFormat: values[EngineFlags.cacheType], batchTokens: values[GenerationFlags.batch],
        coarseActivations: values[EngineFlags.coarse]))
    let command =
      "apus profile run \(try ModelFile.path(values)) -p \(settings.prompt) -n \(settings.generate) -d \(settings.depth) "
      + "--parallel \(settings.parallel) -t \(model.runtime.workers.count)"
    try ProfileFlags.gather(command, values, console, interrupt) {
      try RunGatherer(engine, settings, $0).gather()
    }
  }
}
