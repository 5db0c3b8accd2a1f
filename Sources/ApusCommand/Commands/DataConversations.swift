// `apus data conversations`: what a model would learn from conversations, token by token, and how much of it there is.

import ApusBasics
import ApusData
import ApusModels
import ApusRuntime
import ApusText

enum DataConversationsCommand: Command {
  static let name = "data conversations"
  static let summary = "Check conversations to fine-tune on, and show which tokens count"
  static let discussion = [
    "Inputs are JSON lines with \"messages\", as for apus train with objective \"sft\"; .gz and .zst in builds with "
      + "--traits Compression. They are written down by the chat template that comes with the tokenizer.",
    "--show-masks prints them with the assistant's tokens in [[…]], reasoning and answer apart; in a terminal answers are "
      + "green and reasoning is yellow.",
  ]
  static let examples = [
    "apus data conversations chat.jsonl --tokenizer model/ --show-masks --count 3",
    "apus data conversations chat.jsonl.zst --tokenizer model.gguf --length 1024",
  ]

  private static let inputs = Positional.rest(
    "INPUT", isFile: true, help: "Files of JSON lines; - is standard input")
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

  static let arguments = [inputs.row]
  static let options = [
    tokenizer.row, template.row, showMasks.row, count.row, length.row, tooLong.row, begin.row, end.row,
    ReadingFlags.skipBad.row, CommonOptions.threads.row, CommonOptions.json.row,
  ]

  static func run(_ values: Values, _ console: Console) throws {
    let paths = values[inputs]
    guard !paths.isEmpty else { throw CommandError.usage("no input: name files of conversations") }
    guard let path = values[tokenizer] else {
      throw CommandError.usage("no tokenizer: name one with --tokenizer")
    }
    guard !values[showMasks] || !values[CommonOptions.json] else {
      throw CommandError.usage("--json gives the counts and --show-masks the texts; choose one")
    }
    let source =
      try values[template].map { String(decoding: try InputFile.read($0, console), as: UTF8.self) }
      ?? chatTemplate(at: path)
    guard let source else {
      throw CommandError.failure("\(path) has no chat template; name one with --chat-template-file")
    }
    let runtime = try CommonOptions.runtime(values, console)
    let encoder = try ConversationEncoder(
      template: source, TokenizerFile.open(path, console), settings(values))
    let marks = Marks(console)
    var left = values[showMasks] ? values[count] ?? .max : 0
    let report = try ConversationCorpus(encoder, pool: runtime.workers).forEachExample(paths) { example in
      guard left > 0 else { return }
      left -= 1
      try marks.write(example)
    }
    console.notes(report.notes)
    if values[CommonOptions.json] { return try console.json(json(report)) }
    try show(report, console)
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

  private static func show(_ report: ConversationReport, _ console: Console) throws {
    let tokens = report.tokenCount
    func share(_ count: Int) -> String {
      "\(countText(count)), \(fixed(100 * Double(count) / Double(max(1, tokens)), 1)) %"
    }
    var sheet = Sheet()
    sheet.add("conversations", countText(report.conversations))
    sheet.add("examples", countText(report.examples))
    sheet.add("longest", "\(countText(report.longest)) tokens")
    sheet.add("tokens", countText(tokens))
    for kind in ConversationPart.allCases {
      sheet.add("  of \(kind)", share(report.tokens[kind, default: 0]))
    }
    sheet.add("too long", "\(countText(report.skippedLong)) skipped, \(countText(report.truncated)) cut")
    sheet.add("bad lines", "\(countText(report.reading.badLines)) skipped")
    for line in sheet.lines(width: console.width) { try console.line(line) }
  }

  private static func json(_ report: ConversationReport) -> JSONValue {
    .members([
      "conversations": .integer(report.conversations), "examples": .integer(report.examples),
      "longest": .integer(report.longest), "tokens": .integer(report.tokenCount),
      "prompt": .integer(report.tokens[.prompt, default: 0]),
      "answer": .integer(report.tokens[.answer, default: 0]),
      "reasoning": .integer(report.tokens[.reasoning, default: 0]),
      "skippedLong": .integer(report.skippedLong), "truncated": .integer(report.truncated),
      "straddling": .integer(report.straddling), "endless": .integer(report.endless),
      "badLines": .integer(report.reading.badLines),
      "firstBad": .array(report.reading.firstBad.map { .string($0) }),
    ])
  }

  /// Prints examples with marks around what counts.
  private struct Marks {
    private let console: Console

    init(_ console: Console) {
      self.console = console
    }

    func write(_ example: EncodedExample) throws {
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
}
