// A command with every kind of option, for the tests of parser, help and completions.

@testable import ApusCommand

enum SampleMode: String, CaseIterable, Sendable {
  case fast, exact
}

enum SampleCommand: Command {
  static let name = "sample"
  static let summary = "Try every kind of option"
  static let discussion = ["It's here so that tests see \"all\" of [them]: flags, numbers, texts, lists."]
  static let examples = ["apus sample model.gguf -n 5"]

  static let verbose = Option.flag("verbose", "v", help: "Say more")
  static let quiet = Option.flag("quiet", "q", help: "Say less")
  static let mapping = Option.toggle("mmap", default: true, help: "Map the file")
  static let count = Option<Int>.integer(
    "predict", "n", also: ["n-predict"], in: -1...1_000_000, default: 16,
    help: "Tokens to make; -1 is no limit")
  static let threads = Option<Int?>.integer(
    "threads", "t", in: 1...1024, defaultText: "all cores", environment: "APUS_THREADS",
    help: "Threads to work with")
  static let temperature = Option<Double>.number("temp", in: -10...10, default: 0.8, help: "Temperature")
    .grouped("Sampling")
  static let bias = Option<Double?>.number("bias", help: "Any number").grouped("Sampling")
  static let prompt = Option.text("prompt", "p", help: "The prompt")
  static let file = Option.file("file", "f", help: "Read the prompt from a file")
  static let stops = Option.list("stop", help: "Stop at a text")
  static let ids = Option.integers("ids", in: 0...65535, help: "Token ids")
  static let mode = Option<SampleMode>.choice(
    "mode", placeholder: "MODE", default: .fast, help: "How: it matters")
  static let model = Option.file("model", "m", help: "The model")

  static let modelWord = Positional.optional("MODEL", isFile: true, replacedBy: "model", help: "The model")
  static let text = Positional.optional("PROMPT", help: "The prompt")

  static let arguments = [modelWord.row, text.row]
  static let options = [
    verbose.row, quiet.row, mapping.row, count.row, threads.row, temperature.row, bias.row, prompt.row,
    file.row, stops.row, ids.row, mode.row, model.row,
  ]

  static func run(_ values: Values, _ console: Console) throws {
    try console.line("ran \(values[count])")
  }
}

/// A command that takes one word and any number of further ones.
enum RestCommand: Command {
  static let name = "rest"
  static let summary = "Take words"
  static let first = Positional.one("FIRST", help: "One")
  static let others = Positional.rest("OTHERS", help: "The rest")
  static let arguments = [first.row, others.row]

  static func run(_ values: Values, _ console: Console) throws {
    try console.line("\(values[first]) \(values[others])")
  }
}
