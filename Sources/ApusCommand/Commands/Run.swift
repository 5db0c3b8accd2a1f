// `apus run`: text from a model and a prompt, as it is made.

import Apus
import ApusGraph
import ApusInference

enum RunCommand: Command {
  static let name = "run"
  static let summary = "Generate text from a model and a prompt"
  static let discussion = [
    "The prompt is the rest of the line, or -p, or -f FILE, or standard input. A model with a chat template takes "
      + "it as a user's turn, unless --raw. On a terminal without a prompt a conversation begins, as with "
      + "'apus chat'.",
    "With --input every line of a JSONL file is a prompt ({\"prompt\": …} or {\"messages\": […]}), and every "
      + "answer a line of JSONL, in the same order.",
  ]
  static let examples = [
    "apus run model.gguf \"Once upon a time\" -n 150 --temp 0",
    "apus run model.gguf --input prompts.jsonl --parallel 4 > answers.jsonl",
  ]

  static let model = Positional<String?>.optional(
    "MODEL", isFile: true, replacedBy: "model", help: "A GGUF file")
  static let words = Positional<[String]>.rest("PROMPT", help: "The prompt")
  static let prompt = Option<String?>.text("prompt", "p", help: "The prompt")
  static let file = Option<String?>.file("file", "f", help: "Read the prompt from a file; - is standard input")
  static let raw = Option<Bool>.flag("raw", help: "Continue the prompt as it is, without the chat template")
  static let special = Option<Bool>.flag(
    "parse-special", help: "Let control tokens spelled in a raw prompt be control tokens")
  static let input = Option<String?>.file("input", help: "A JSONL file of prompts; - is standard input")
  static let parallel = Option<Int>.integer(
    "parallel", "np", in: 1...1024, default: 1, help: "Answers made at once with --input")
  static let profile = Option<Bool>.flag(
    "profile", help: "Show time, work and share of the machine's limit for each operation")

  static let arguments = [model.row, words.row]
  static let options =
    [prompt.row, file.row, raw.row, special.row, input.row, parallel.row, profile.row]
    + ModelFlags.rows + ChatFlags.rows + SamplingFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    guard let path = values[model] ?? values[ModelFlags.model] else {
      throw CommandError.usage("no model given")
    }
    if let prompts = values[input] {
      return try runBatch(path, prompts, values, console)
    }
    guard let text = try promptText(values, console) else {
      return try ChatCommand.converse(path, values, console)
    }
    try answer(path, text, values, console)
  }

  /// The prompt from wherever it was given; nil on a terminal without one.
  private static func promptText(_ values: Values, _ console: Console) throws -> String? {
    if !values[words].isEmpty { return values[words].joined(separator: " ") }
    if let text = values[prompt] { return text }
    if let name = values[file], name != "-" { return try readText(name) }
    if values[file] == nil, console.input.isTerminal { return nil }
    let bytes = try console.input.readAll(limit: promptLimit)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError.failure("the prompt on standard input is not valid UTF-8")
    }
    return text
  }

  /// Long enough for any context there is.
  static let promptLimit = 64 << 20

  static func readText(_ name: String) throws -> String {
    let bytes = try readFile(name, limit: promptLimit)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError.failure("\(name): the prompt is not valid UTF-8")
    }
    return text
  }

  // MARK: One answer

  private static func answer(_ path: String, _ text: String, _ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let runtime = try ModelFlags.runtime(values, console)
    let model = try ModelFlags.load(path, runtime, console)
    let prompt = try PromptTokens(model, values, console).user(text)
    let options = try SamplingFlags.options(values, model)
    let engine = try Engine(model, ModelFlags.engineOptions(values, model, console))
    if values[ModelFlags.verbose] { Report(model, engine, values, console).effectiveSettings(options) }
    var profiler: ExecutionProfile?
    if values[profile] {
      profiler = ExecutionProfile(engine.plan, workers: runtime.workers.count)
      engine.profile = profiler
    }

    let outcome = Outcome()
    let generation = try Generation(model, engine.makeSequence(), prompt: prompt, options: options) { bytes in
      outcome.receive(bytes, console)
    }
    let batch = Batch(engine)
    if generation.finish == nil { batch.join(generation) }
    while generation.finish == nil, outcome.failure == nil, !interrupt.isRequested {
      try batch.advance()
    }
    if let failure = outcome.failure { throw failure }
    if interrupt.isRequested { generation.cancel() }
    if console.output.isTerminal || !values[ModelFlags.json] { try console.line() }
    try console.output.flush()
    if generation.finish == .contextFull {
      console.note("note: the context of \(engine.options.contextLength) tokens is full; raise it with -c")
    }
    let report = Report(model, engine, values, console)
    if values[ModelFlags.verbose] { report.speed(generation) }
    if let profiler { try report.profile(profiler) }
    if values[ModelFlags.json] { try report.json(generation, text: outcome.text) }
    try interrupt.check()
  }
}

/// The text of one answer on its way to the screen.
final class Outcome {
  private(set) var text = ""
  private(set) var failure: (any Error)?

  func receive(_ bytes: UnsafeRawBufferPointer, _ console: Console) {
    let piece = String(decoding: bytes, as: UTF8.self)
    text += piece
    do {
      try console.foreign(piece)
      try console.output.flush()
    } catch {
      failure = error
    }
  }
}
