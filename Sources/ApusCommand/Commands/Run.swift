// `apus run`: text from a model and a prompt, as it is made.

import ApusBasics
import ApusGraph
import ApusInference
import ApusRuntime

enum RunCommand: Command {
  static let name = "run"
  static let summary = "Generate text from a model and a prompt"
  static let discussion = [
    "Without a model it is \(DefaultModel.name), a small one in the program, which tells stories for children and works "
      + "out problems of numbers step by step; 'apus inspect' shows how it was made.",
    "The prompt is the second argument, or -p, or -f FILE, or standard input. A model with a chat template takes it "
      + "as a user's turn, unless --raw. On a terminal without a prompt a conversation begins, as with 'apus chat'.",
    "With --input every line of a JSONL file is a prompt ({\"prompt\": …} or {\"messages\": […]}), and every "
      + "answer a line of JSONL, in the same order.",
  ]
  static let examples = [
    "apus run \"Tell me a story about a rabbit.\"",
    "apus run model.gguf \"Once upon a time\" -n 150 --temp 0",
    "apus run model.gguf --input prompts.jsonl --parallel 4 > answers.jsonl",
  ]

  static let raw = Option.flag("raw", help: "Continue the prompt as it is, without the chat template")
  static let input = Option<String?>.file("input", help: "A JSONL file of prompts; - is standard input")

  static let arguments = [ModelFile.defaultedArgument.row, GenerationFlags.promptArgument.row]
  static let options =
    [
      GenerationFlags.prompt.row, GenerationFlags.promptFile.row, GenerationFlags.predict.row,
      GenerationFlags.stops.row, GenerationFlags.ignoreEnd.row, raw.row, GenerationFlags.special.row,
      input.row,
      GenerationFlags.parallel.row, GenerationFlags.profile.row,
    ] + EngineFlags.rows + ChatFlags.rows + SamplingFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    if let prompts = values[input] { return try runBatch(prompts, values, console) }
    noteLoneWord(values, console)
    guard let bytes = try GenerationFlags.prompt(values, console) else {
      return try ChatCommand.converse(values, console)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError.failure("the prompt is not valid UTF-8")
    }
    try answer(text, values, console)
  }

  /// A single word may have been meant as a model.
  private static func noteLoneWord(_ values: Values, _ console: Console) {
    guard let word = values[GenerationFlags.promptArgument], word != "-",
      !word.contains(where: \.isWhitespace),
      values[ModelFile.option] == nil, values[ModelFile.defaultedArgument] == nil
    else { return }
    console.note(
      "note: there is no model '\(visible(word))' here, so this is the prompt for \(DefaultModel.name)")
  }

  private static func answer(_ text: String, _ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let model = try EngineFlags.load(values, console, at: ModelFile.pathOrDefault(values))
    let prompt = try PromptTokens(model, values, console).user(text)
    let engine = try Engine(model, EngineFlags.engineOptions(values, model, console))
    let options = try EngineFlags.generation(values, model, contextLength: engine.options.contextLength)
    let report = Report(model, engine, values, console)
    if values[CommonOptions.verbose] { report.effectiveSettings(options) }
    if values[GenerationFlags.profile] {
      engine.profile = ExecutionProfile(engine.plan, workers: model.runtime.workers.count)
    }

    let outcome = Outcome(console)
    let generation = try Generation(
      model, engine.makeSequence(), prompt: prompt, options: options, onText: outcome.receive)
    let batch = Batch(engine)
    batch.join(generation)
    while generation.finish == nil, outcome.failure == nil, !interrupt.isRequested {
      try batch.advance()
    }
    if let failure = outcome.failure { throw failure }
    generation.cancel()
    try console.line()
    try console.output.flush()
    if generation.finish == .contextFull {
      console.note("note: the context of \(engine.options.contextLength) tokens is full; -c sets it")
    }
    if values[CommonOptions.verbose] { report.speed(generation) }
    if let profile = engine.profile { try report.profile(profile) }
    if values[CommonOptions.json] { try report.json(generation, text: outcome.text) }
    try interrupt.check()
  }
}

/// The text of one answer on its way to the screen.
final class Outcome {
  private let console: Console
  private(set) var text = ""
  private(set) var failure: (any Error)?

  init(_ console: Console) {
    self.console = console
  }

  func receive(_ bytes: UnsafeRawBufferPointer) {
    text += String(decoding: bytes, as: UTF8.self)
    do {
      try console.output.writeForeign(bytes)
      try console.output.flush()
    } catch {
      failure = error
    }
  }
}
