// Help, made from the tables: `apus --help` and `apus COMMAND --help`.

/// Lays out help for a width in columns.
struct HelpText {
  /// Where the explanations of options begin; a longer spelling pushes its explanation to the next line.
  private static let column = 28

  let width: Int

  /// Help keeps between 50 and 100 columns: narrower cannot be laid out, wider cannot be read.
  init(width: Int) {
    self.width = min(max(width, 50), 100)
  }

  /// The help of the program.
  func program(_ commands: [any Command.Type]) -> String {
    var lines = ["Usage: apus COMMAND [OPTIONS] [ARGUMENTS]", ""]
    lines += wrapped("Apus runs transformer language models on this machine's processor.", indent: 0)
    lines += ["", "Commands:"]
    for command in commands {
      lines += entry(command.name, command.summary)
    }
    lines += entry("help [COMMAND]", "Show help for a command")
    lines += ["", "Options:"]
    lines += entry("-h, --help", "Show this help")
    lines += entry("    --version", "Show the version")
    lines += ["", "Try 'apus COMMAND --help' for a command's own options."]
    return lines.joined(separator: "\n") + "\n"
  }

  /// The help of one command.
  func command(_ command: any Command.Type) -> String {
    var lines = [usage(command), ""]
    lines += wrapped(command.summary + ".", indent: 0)
    for paragraph in command.discussion {
      lines.append("")
      lines += wrapped(paragraph, indent: 0)
    }
    if !command.arguments.isEmpty {
      lines += ["", "Arguments:"]
      for row in command.arguments { lines += entry(row.name, row.explanation) }
    }
    for (heading, rows) in Self.groups(command.options) {
      lines += ["", heading + ":"]
      for row in rows { lines += entry(row.spelling, row.explanation) }
    }
    if !command.examples.isEmpty {
      lines += ["", "Examples:"]
      lines += command.examples.map { "  " + $0 }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `Usage: apus NAME [OPTIONS] …`.
  func usage(_ command: any Command.Type) -> String {
    (["Usage: apus \(command.name) [OPTIONS]"] + command.arguments.map(\.usage)).joined(separator: " ")
  }

  /// The rows under their headings: the plain ones first, with `--help` at their end, then the groups in the
  /// order of first use.
  static func groups(_ options: [OptionRow]) -> [(heading: String, rows: [OptionRow])] {
    var headings: [String] = []
    var rows: [String: [OptionRow]] = [:]
    for row in options {
      guard let heading = row.group else { continue }
      if rows[heading] == nil { headings.append(heading) }
      rows[heading, default: []].append(row)
    }
    let plain = (heading: "Options", rows: options.filter { $0.group == nil } + [OptionRow.help])
    return [plain] + headings.map { (heading: $0, rows: rows[$0] ?? []) }
  }

  private func entry(_ term: String, _ explanation: String) -> [String] {
    let head = "  " + term
    var body = wrapped(explanation, indent: Self.column)
    guard head.count + 2 <= Self.column, let first = body.first else { return [head] + body }
    body[0] = head + String(repeating: " ", count: Self.column - head.count) + first.dropFirst(Self.column)
    return body
  }

  /// `text` in lines of at most `width` columns, broken at spaces.
  private func wrapped(_ text: String, indent: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, indent + line.count + 1 + word.count > width {
        lines.append(margin + line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    if !line.isEmpty { lines.append(margin + line) }
    return lines
  }
}

extension OptionRow {
  /// The row every command has: the parser's caller answers it, so no command lists it.
  static var help: OptionRow {
    OptionRow(name: "help", short: "h", help: "Show this help") { _ throws(ValueProblem) in true }
  }

  /// `-t, --threads N`; options without a letter keep the place of one.
  var spelling: String {
    let long = names.map { "--" + (isNegatable ? "[no-]" : "") + $0 }.joined(separator: ", ")
    return (short.map { "-\($0), " } ?? "    ") + long + (placeholder.map { " " + $0 } ?? "")
  }

  /// The sentence, then in parentheses the choices, the default and the environment variable.
  var explanation: String {
    var facts: [String] = []
    if !choices.isEmpty { facts.append(choices.joined(separator: ", ")) }
    if let defaultText { facts.append("default: \(defaultText)") }
    if let environment { facts.append("environment: \(environment)") }
    if repeats { facts.append("may be repeated") }
    return help + (facts.isEmpty ? "" : " (\(facts.joined(separator: "; ")))")
  }
}

extension PositionalRow {
  var explanation: String {
    var facts: [String] = []
    if !choices.isEmpty { facts.append(choices.joined(separator: ", ")) }
    if let replacedBy { facts.append("or --\(replacedBy)") }
    return help + (facts.isEmpty ? "" : " (\(facts.joined(separator: "; ")))")
  }
}
