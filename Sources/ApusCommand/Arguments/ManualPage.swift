// The manual page apus(1), made from the tables, in the roff macros of man(7).

/// Writes the manual page.
struct ManualPage {
  let commands: [any Command.Type]
  let version: String

  var text: String {
    var lines = [
      ".TH APUS 1 \"\" \"apus \(roff(version))\" \"User Commands\"",
      ".SH NAME",
      "apus \\- run transformer language models on the processor",
      ".SH SYNOPSIS",
      ".B apus",
      ".I COMMAND",
      "[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]",
      ".SH COMMANDS",
    ]
    for command in commands {
      let arguments = command.arguments.map { roff($0.usage) }.joined(separator: " ")
      lines += [".SS apus \(roff(command.name)) [OPTIONS] \(arguments)", sentence(command.summary + ".")]
      for paragraph in command.discussion { lines += [".PP", sentence(paragraph)] }
      for row in command.arguments {
        lines += [".TP", "\\fI\(roff(row.name))\\fR", sentence(row.explanation)]
      }
      for (heading, rows) in HelpText.groups(command.options) {
        lines += [".PP", "\\fB\(roff(heading))\\fR"]
        for row in rows {
          lines += [".TP", "\\fB\(roff(row.manualSpelling))\\fR", sentence(row.explanation)]
        }
      }
      if !command.examples.isEmpty {
        lines += [".PP", "\\fBExamples\\fR", ".nf"]
        lines += command.examples.map { sentence($0) }
        lines.append(".fi")
      }
    }
    lines += [
      ".SH EXIT STATUS",
      ".TP", "0", "The work is done.",
      ".TP", "1", "The work could not be done; one line on standard error says why.",
      ".TP", "2", "The command line is wrong.",
      ".TP", "3", "A comparison of apus bench found something slower.",
      ".TP", "130", "Interrupted from the keyboard.",
      ".SH ENVIRONMENT",
    ]
    for (variable, help) in environment {
      lines += [".TP", "\\fB\(roff(variable))\\fR", sentence(help)]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The variables of all options, each once, and those that belong to no option.
  private var environment: [(String, String)] {
    var seen: Set<String> = []
    var result: [(String, String)] = []
    for row in commands.flatMap({ $0.options }) {
      guard let variable = row.environment, seen.insert(variable).inserted else { continue }
      result.append((variable, "Stands in for --\(row.name): \(row.help)."))
    }
    for entry in ProgramEnvironment.variables where seen.insert(entry.name).inserted {
      result.append((entry.name, entry.help + "."))
    }
    return result
  }

  /// A line of running text: a leading dot or quote would be a request to roff.
  private func sentence(_ text: String) -> String {
    let escaped = roff(text)
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
  }

  private func roff(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      default: result.append(character)
      }
    }
  }
}

/// Environment variables that no option stands for.
enum ProgramEnvironment {
  static let variables: [(name: String, help: String)] = [
    ("APUS_CPU", "Forces one kernel table by name, for tests and comparisons; see apus doctor"),
    ("NO_COLOR", "When set and not empty, no colours on a terminal"),
  ]
}

extension OptionRow {
  fileprivate var manualSpelling: String {
    let text = spelling
    return String(text.drop { $0 == " " })
  }
}
