// Completion scripts for shells, made from the tables: words, options with their help, choices, file names.

/// The shells `apus completions` writes for.
enum Shell: String, CaseIterable, Sendable {
  case bash, zsh, fish
}

/// A completion script for one shell.
struct CompletionScript {
  let commands: [any Command.Type]

  /// - Parameter commands: those of two words are left to who knows them.
  init(commands: [any Command.Type]) {
    self.commands = commands.filter { !$0.name.contains(" ") }
  }

  func text(for shell: Shell) -> String {
    switch shell {
    case .bash: bash
    case .zsh: zsh
    case .fish: fish
    }
  }

  private var names: [String] { commands.map { $0.name } + ["help"] }

  // MARK: bash

  private var bash: String {
    var lines = [
      "# bash completion for apus; load with: source <(apus completions bash)",
      "_apus() {",
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"",
      "  local command=\"${COMP_WORDS[1]}\" options=\"\" files=\"\" words=\"\"",
      "  COMPREPLY=()",
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then",
      "    COMPREPLY=($(compgen -W '\(names.joined(separator: " ")) --help --version' -- \"$current\"))",
      "    return",
      "  fi",
      "  case \"$command\" in",
      "    help) COMPREPLY=($(compgen -W '\(names.joined(separator: " "))' -- \"$current\")); return ;;",
    ]
    for command in commands {
      lines.append("    \(command.name))")
      let valued = command.options.filter(\.takesValue)
      if !valued.isEmpty {
        lines.append("      case \"$previous\" in")
        for row in valued {
          let reply =
            if row.isFile {
              "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$current\")); return"
            } else if row.choices.isEmpty {
              "return"
            } else {
              "COMPREPLY=($(compgen -W '\(row.choices.joined(separator: " "))' -- \"$current\")); return"
            }
          lines.append("        \(row.allSpellings.joined(separator: "|"))) \(reply) ;;")
        }
        lines.append("      esac")
      }
      let words = (command.options + [.help]).flatMap(\.allSpellings)
      lines.append("      options='\(words.joined(separator: " "))'")
      let choices = command.arguments.flatMap(\.choices)
      if !choices.isEmpty { lines.append("      words='\(choices.joined(separator: " "))'") }
      if command.arguments.contains(where: \.isFile) { lines.append("      files=yes") }
      lines.append("      ;;")
    }
    lines += [
      "  esac",
      "  case \"$current\" in",
      "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;",
      "    *)",
      "      COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))",
      "      if [ -n \"$files\" ]; then",
      "        compopt -o filenames 2>/dev/null",
      "        COMPREPLY+=($(compgen -f -- \"$current\"))",
      "      fi ;;",
      "  esac",
      "}",
      "complete -F _apus apus",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: zsh

  private var zsh: String {
    var lines = [
      "#compdef apus",
      "# zsh completion for apus; put it in a folder of $fpath as _apus",
      "_apus() {",
      "  local -a commands",
      "  commands=(",
    ]
    lines += commands.map { "    \(quoted("\($0.name):\($0.summary)"))" }
    lines += [
      "    'help:Show help for a command'",
      "  )",
      "  if (( CURRENT == 2 )); then",
      "    _describe 'command' commands",
      "    return",
      "  fi",
      "  local command=$words[2]",
      "  shift words",
      "  (( CURRENT-- ))",
      "  case $command in",
    ]
    for command in commands {
      lines.append("    \(command.name))")
      lines.append("      _arguments -s \\")
      var specifications: [String] = []
      for row in command.options + [.help] {
        let action =
          row.takesValue ? ":\(zshText(row.placeholder ?? "")):\(zshAction(row.choices, row.isFile))" : ""
        for spelling in row.allSpellings {
          let mark = row.repeats ? "*" : ""
          let equals = row.takesValue && spelling.hasPrefix("--") ? "=" : ""
          specifications.append("\(mark)\(spelling)\(equals)[\(zshText(row.help))]\(action)")
        }
      }
      for row in command.arguments {
        let mark = row.count == .rest ? "*" : row.count == .optional ? ":" : ""
        let colon = row.count == .rest ? ":" : ":"
        specifications.append("\(mark)\(colon)\(zshText(row.name)):\(zshAction(row.choices, row.isFile))")
      }
      lines.append(specifications.map { "        " + quoted($0) }.joined(separator: " \\\n"))
      lines.append("      ;;")
    }
    lines += [
      "    help) _describe 'command' commands ;;",
      "  esac",
      "}",
      "if [ \"$funcstack[1]\" = _apus ]; then _apus \"$@\"; else compdef _apus apus; fi",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private func zshAction(_ choices: [String], _ isFile: Bool) -> String {
    if !choices.isEmpty { return "(\(choices.joined(separator: " ")))" }
    return isFile ? "_files" : ""
  }

  /// Colons and brackets separate the parts of an `_arguments` specification.
  private func zshText(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      if "[]:\\".contains(character) { result.append("\\") }
      result.append(character)
    }
  }

  // MARK: fish

  private var fish: String {
    var lines = [
      "# fish completion for apus; put it in ~/.config/fish/completions/apus.fish",
      "complete -c apus -f",
      "complete -c apus -n __fish_use_subcommand -l help -s h -d 'Show help'",
      "complete -c apus -n __fish_use_subcommand -l version -d 'Show the version'",
    ]
    for command in commands {
      lines.append(
        "complete -c apus -n __fish_use_subcommand -a \(command.name) -d \(fishQuoted(command.summary))")
      let condition = "complete -c apus -n '__fish_seen_subcommand_from \(command.name)'"
      for row in command.options + [.help] {
        let letter = row.short.map { " -s \($0)" } ?? ""
        let value =
          if !row.takesValue {
            ""
          } else if row.isFile {
            " -r -F"
          } else if row.choices.isEmpty {
            " -x"
          } else {
            " -x -a \(fishQuoted(row.choices.joined(separator: " ")))"
          }
        let long = row.longNames.map { " -l \($0)" }.joined()
        lines.append("\(condition)\(letter)\(long)\(value) -d \(fishQuoted(row.help))")
      }
      if command.arguments.contains(where: \.isFile) { lines.append("\(condition) -F") }
      let choices = command.arguments.flatMap(\.choices)
      if !choices.isEmpty { lines.append("\(condition) -a \(fishQuoted(choices.joined(separator: " ")))") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: quoting

  /// `text` as one word of a POSIX shell.
  private func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// `text` as one word of fish, which escapes inside single quotes with a backslash.
  private func fishQuoted(_ text: String) -> String {
    let escaped = text.reduce(into: "") { result, character in
      if character == "'" || character == "\\" { result.append("\\") }
      result.append(character)
    }
    return "'" + escaped + "'"
  }
}

extension OptionRow {
  /// Every long name, `no-` forms included.
  var longNames: [String] { names + (isNegatable ? names.map { "no-" + $0 } : []) }

  /// Every way to spell it: `-t`, `--threads`, `--no-…`.
  var allSpellings: [String] {
    (short.map { ["-\($0)"] } ?? []) + longNames.map { "--" + $0 }
  }
}
