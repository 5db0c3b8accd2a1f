// `apus data preferences`: what a model would learn from preferences, answer by answer, and how much of it there is.

import ApusBasics
import ApusData
import ApusRuntime

enum DataPreferencesCommand: Command {
  static let name = "data preferences"
  static let summary = "Check preferences to learn from, and show which tokens count"
  static let discussion = [
    "Inputs are JSON lines with \"prompt\", \"chosen\" and \"rejected\", as for apus train with objectives \"dpo\", \"ipo\" and "
      + "\"simpo\"; with --labels they have \"prompt\", \"completion\" and \"label\", as for \"kto\". Each is a text or a list of "
      + "messages. .gz and .zst in builds with --traits Compression.",
    "--show-masks prints the answers with the tokens that count in [[…]].",
  ]
  static let examples = [
    "apus data preferences pairs.jsonl --tokenizer model/ --show-masks --count 3",
    "apus data preferences answers.jsonl --labels --tokenizer model.gguf --length 1024",
  ]

  private static let inputs = Positional.rest(
    "INPUT", isFile: true, help: "Files of JSON lines; - is standard input")
  private static let labels = Option.flag(
    "labels", help: "Lines are single answers with labels, not pairs")

  static let arguments = [inputs.row]
  static let options =
    [labels.row] + ConversationFlags.rows + [CommonOptions.threads.row, CommonOptions.json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let paths = values[inputs]
    guard !paths.isEmpty else { throw CommandError.usage("no input: name files of preferences") }
    let flags = try ConversationFlags(values, console)
    let runtime = try CommonOptions.runtime(values, console)
    let kind: PreferenceKind = values[labels] ? .singles : .pairs
    var marks = flags.marks
    let report = try PreferenceCorpus(flags.encoder, kind, pool: runtime.workers).forEachPreference(paths) {
      let titles = kind == .pairs ? ["chosen:", "rejected:"] : [$0.isDesirable ? "good:" : "bad:"]
      try marks.write(zip(titles, $0.answers).map { ($0, $1) })
    }
    console.notes(report.notes)
    if values[CommonOptions.json] { return try console.json(json(report, kind)) }
    try show(report, kind, console)
  }

  private static func show(
    _ report: PreferenceReport, _ kind: PreferenceKind, _ console: Console
  ) throws {
    var sheet = Sheet()
    sheet.add(kind == .pairs ? "pairs" : "answers", countText(report.preferences))
    sheet.add("kept", countText(report.kept))
    if kind == .singles { sheet.add("of them good", countText(report.desirable)) }
    sheet.add("longest", "\(countText(report.longest)) tokens")
    sheet.add("tokens of prompts", countText(report.promptTokens))
    sheet.add("tokens of answers", countText(report.answerTokens))
    sheet.add("too long", "\(countText(report.skippedLong)) skipped, \(countText(report.truncated)) cut")
    sheet.add("bad lines", "\(countText(report.reading.badLines)) skipped")
    for line in sheet.lines(width: console.width) { try console.line(line) }
  }

  private static func json(_ report: PreferenceReport, _ kind: PreferenceKind) -> JSONValue {
    .members(
      [
        ("preferences", .integer(report.preferences)), ("kept", .integer(report.kept)),
        ("longest", .integer(report.longest)), ("promptTokens", .integer(report.promptTokens)),
        ("answerTokens", .integer(report.answerTokens)), ("skippedLong", .integer(report.skippedLong)),
        ("truncated", .integer(report.truncated)), ("straddling", .integer(report.straddling)),
        ("endless", .integer(report.endless)), ("badLines", .integer(report.reading.badLines)),
        ("firstBad", .array(report.reading.firstBad.map { .string($0) })),
      ] + (kind == .singles ? [("desirable", .integer(report.desirable))] : []))
  }
}
