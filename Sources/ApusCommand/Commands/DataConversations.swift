// `apus data conversations`: what a model would learn from conversations, token by token, and how much of it there is.

import ApusBasics
import ApusData
import ApusRuntime

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
  static let arguments = [inputs.row]
  static let options =
    ConversationFlags.rows + [CommonOptions.threads.row, CommonOptions.json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let paths = values[inputs]
    guard !paths.isEmpty else { throw CommandError.usage("no input: name files of conversations") }
    let flags = try ConversationFlags(values, console)
    let runtime = try CommonOptions.runtime(values, console)
    var marks = flags.marks
    let report = try ConversationCorpus(flags.encoder, pool: runtime.workers).forEachExample(paths) {
      try marks.write([("", $0)])
    }
    console.notes(report.notes)
    if values[CommonOptions.json] { return try console.json(json(report)) }
    try show(report, console)
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
}
