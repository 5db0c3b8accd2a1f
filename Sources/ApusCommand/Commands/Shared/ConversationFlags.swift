// The options of the commands that show which tokens of conversations and preferences count, and how they are shown.

import ApusBasics
import ApusData
import ApusModels
import ApusText

struct ConversationFlags {
  private static let tokenizer = Option<String?>.file(
    "tokenizer", help: "A GGUF file, a Hugging Face folder or a tokenizer.json, with a chat template")
  private static let template = Option<String?>.file(
    "chat-template-file", help: "A Jinja template in place of the tokenizer's own")
  private static let showMasks = Option.flag(
    "show-masks", help: "Print the conversations with the tokens that count marked")
  private static let count = Option<Int?>.integer(
    "count", "n", in: 1...Int.max, defaultText: "all", help: "With --show-masks: examples to print")
  private static let length = Option<Int?>.integer(
    "length", in: 1...1 << 24, defaultText: "any", help: "The most tokens of an example (batch.length)")
  private static let tooLong = Option<ConversationSettings.TooLong>.choice(
    "too-long", placeholder: "POLICY", default: .skip, help: "What happens to longer ones")
  private static let begin = Option<String?>.text(
    "reasoning-begin", defaultText: "<think>", help: "What begins the assistant's reasoning")
  private static let end = Option<String?>.text(
    "reasoning-end", defaultText: "</think>", help: "What ends it")

  static let rows: [OptionRow] = [
    tokenizer.row, template.row, showMasks.row, count.row, length.row, tooLong.row, begin.row, end.row,
    ReadingFlags.skipBad.row,
  ]

  /// What writes conversations down.
  let encoder: ConversationEncoder
  /// What shows the first of them.
  let marks: ConversationMarks

  init(_ values: Values, _ console: Console) throws {
    guard let path = values[Self.tokenizer] else {
      throw CommandError.usage("no tokenizer: name one with --tokenizer")
    }
    guard !values[Self.showMasks] || !values[CommonOptions.json] else {
      throw CommandError.usage("--json gives the counts and --show-masks the texts; choose one")
    }
    let tokenizer = try TokenizerFile.open(path, console)
    guard let source = try TemplateFile.read(values[Self.template], console) ?? chatTemplate(at: path) else {
      throw CommandError.failure("\(path) has no chat template; name one with --chat-template-file")
    }
    let settings = try Self.settings(values)
    encoder = try ModelFile.naming(values[Self.template] ?? path) {
      try ConversationEncoder(template: source, tokenizer, settings)
    }
    marks = ConversationMarks(console, count: values[Self.showMasks] ? values[Self.count] ?? .max : 0)
  }

  private static func settings(_ values: Values) throws(CommandError) -> ConversationSettings {
    var settings = ConversationSettings()
    settings.reasoningBegin = values[begin] ?? settings.reasoningBegin
    settings.reasoningEnd = values[end] ?? settings.reasoningEnd
    guard !settings.reasoningBegin.isEmpty, !settings.reasoningEnd.isEmpty else {
      throw .usage("the tags of the reasoning cannot be empty")
    }
    settings.length = values[length]
    settings.tooLong = values[tooLong]
    settings.skipLimit = values[ReadingFlags.skipBad]
    return settings
  }
}

/// Prints texts with marks around what counts.
struct ConversationMarks {
  private let console: Console
  /// Entries that are still to be printed.
  private var left: Int

  init(_ console: Console, count: Int) {
    self.console = console
    left = count
  }

  /// Prints the texts of an entry, each under its title if it has one.
  mutating func write(_ examples: [(title: String, example: EncodedExample)]) throws {
    guard left > 0 else { return }
    left -= 1
    for (title, example) in examples {
      if !title.isEmpty { try console.line(title) }
      try write(example)
    }
  }

  private func write(_ example: EncodedExample) throws {
    var first = 0
    while first < example.kinds.count {
      let kind = example.kinds[first]
      var last = first
      while last + 1 < example.kinds.count, example.kinds[last + 1] == kind { last += 1 }
      let start = first == 0 ? 0 : example.ends[first - 1]
      let (before, after) = marks(kind)
      try console.write(before)
      try console.output.writeForeign(example.text[start..<example.ends[last]])
      try console.write(after)
      first = last + 1
    }
    try console.line("\n")
  }

  private func marks(_ kind: ConversationPart) -> (String, String) {
    guard kind != .prompt else { return ("", "") }
    guard console.usesColor else { return ("[[", "]]") }
    return (kind == .answer ? "\u{1B}[32m" : "\u{1B}[33m", "\u{1B}[0m")
  }
}
