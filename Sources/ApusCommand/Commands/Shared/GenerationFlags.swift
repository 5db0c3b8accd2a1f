// The options of commands that generate text, by llama.cpp's names: what to continue, how far, in how much
// memory. How tokens are chosen is in SamplingFlags.

import ApusInference

/// Options of `run`, `chat` and whatever else generates.
enum GenerationFlags {
  static let prompt = Option.text("prompt", "p", help: "The text to continue, instead of the second argument")
  static let promptFile = Option.file("file", "f", help: "Read the prompt from a file; - is standard input")
  static let promptArgument = Positional<String?>.optional(
    "PROMPT", replacedBy: "prompt", help: "The text to continue; - is standard input")
  static let predict = Option<Int?>.integer(
    "predict", "n", also: ["n-predict"], in: -2...1 << 30, defaultText: "to the end of the context",
    help: "The most tokens to generate; -1 and -2 go to the end of the context")
  static let context = Option<Int?>.integer(
    "ctx-size", "c", in: 0...1 << 30, defaultText: "the model's, or what fits in memory",
    help: "Positions of the context; 0 is the model's")
  static let batch = Option<Int>.integer(
    "batch-size", "b", in: 1...1 << 20, default: 512, help: "The most tokens of a prompt computed in one step"
  )
  static let parallel = Option<Int>.integer(
    "parallel", in: 1...1024, default: 1, help: "Texts generated side by side")
  static let stops = Option<[String]>.list(
    "stop", "r", also: ["reverse-prompt"], help: "End before this text")
  static let ignoreEnd = Option.flag("ignore-eos", help: "Go on past the model's end of text")
  static let special = Option.flag(
    "special", help: "Control tokens spelled in the prompt become control tokens")
  static let profile = Option.flag(
    "profile", help: "Show time, operations, bytes and share of the limits for each operation")

  /// The limit on tokens; nil is the end of the context.
  static func maxTokens(_ values: Values) -> Int? {
    values[predict].flatMap { $0 < 0 ? nil : $0 }
  }

  /// The context asked for; nil leaves it to the model and the memory.
  static func contextLength(_ values: Values) -> Int? {
    values[context].flatMap { $0 == 0 ? nil : $0 }
  }

  /// The prompt, wherever it is from: `-p`, `-f`, the argument, or standard input when that is no terminal.
  /// Nil when there is none and a person is typing: time for a conversation.
  static func prompt(_ values: Values, _ console: Console) throws(CommandError) -> [UInt8]? {
    let word = values[prompt] ?? values[promptArgument]
    if let path = values[promptFile] {
      guard word == nil else { throw .usage("the prompt is given twice") }
      return try InputFile.read(path, console)
    }
    if let word, word != "-" || values[prompt] != nil { return Array(word.utf8) }
    if word == nil, console.input.isTerminal { return nil }
    return try InputFile.read("-", console)
  }

  /// The options for one generation: the model's own defaults, then what the user asked for.
  ///
  /// - Parameter contextLength: what `-1` means to options that count recent tokens.
  static func generation(
    _ values: Values, defaults: SamplingOptions, contextLength: Int
  ) throws -> GenerationOptions {
    var options = GenerationOptions()
    options.maxTokens = maxTokens(values)
    options.sampling = try SamplingFlags.apply(values, to: defaults, contextLength: contextLength)
    options.stop = values[stops]
    options.ignoresEndOfText = values[ignoreEnd]
    return options
  }
}
