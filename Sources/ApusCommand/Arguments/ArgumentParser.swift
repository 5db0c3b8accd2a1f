// From the words of a command line to `Values`, by the rows of a command's table.
//
// GNU conventions: `--long value`, `--long=value`, `-s value`, `-svalue`, bundled flags (`-vq`), `--no-flag`,
// `--` ends the options, `-` is an argument (standard input), options and arguments in any order. A word after
// an option that takes a value is its value even when it starts with `-` (`--temp -1`, `-p "- a list"`),
// unless it is exactly one of the command's options: `-p --temp 0` is a forgotten prompt, not a prompt.

import ApusBasics

/// Parses one command's words.
struct ArgumentParser {
  let options: [OptionRow]
  let positionals: [PositionalRow]
  let environment: [String: String]

  private let byName: [String: Spelled]
  private let byLetter: [Character: OptionRow]

  /// A long name and what it says: `--no-x` is the row of `x`, negated.
  private struct Spelled {
    let row: OptionRow
    let isNegated: Bool
  }

  init(options: [OptionRow], positionals: [PositionalRow], environment: [String: String] = [:]) {
    self.options = options
    self.positionals = positionals
    self.environment = environment
    var names: [String: Spelled] = [:]
    var letters: [Character: OptionRow] = [:]
    for row in options {
      for name in row.names {
        precondition(
          names.updateValue(Spelled(row: row, isNegated: false), forKey: name) == nil,
          "--\(name) is in the table twice")
        if row.isNegatable { names["no-" + name] = Spelled(row: row, isNegated: true) }
      }
      if let letter = row.short {
        precondition(letters.updateValue(row, forKey: letter) == nil, "-\(letter) is in the table twice")
      }
    }
    byName = names
    byLetter = letters
  }

  /// The values in `words`.
  ///
  /// - Throws: `CommandError.usage` naming the word that is wrong, and what would be right.
  func parse(_ words: [String]) throws(CommandError) -> Values {
    var given: [String: [Text]] = [:]
    var arguments: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        arguments += rest
        break
      } else if word.hasPrefix("--") {
        try long(word, &rest, &given)
      } else if word.hasPrefix("-"), word != "-", !isNegativeNumber(word) {
        try short(word, &rest, &given)
      } else {
        arguments.append(word)
      }
    }
    var values = Values()
    try readOptions(given, into: &values)
    try place(arguments, given: Set(given.keys), into: &values)
    return values
  }

  /// One occurrence of an option: its text, and how it was spelled.
  private struct Text {
    let text: String
    let spelling: String
  }

  private func long(
    _ word: String, _ rest: inout ArraySlice<String>, _ given: inout [String: [Text]]
  ) throws(CommandError) {
    let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let spelling = "--" + name
    guard let spelled = byName[name] else {
      let similar = suggestion(for: name, among: Array(byName.keys)).map { "; did you mean '--\($0)'?" }
      throw .usage("unknown option '\(visible(spelling))'" + (similar ?? ""))
    }
    let text: String
    if !spelled.row.takesValue {
      guard parts.count == 1 else { throw .usage("option '\(spelling)' takes no value") }
      text = spelled.isNegated ? "false" : "true"
    } else if parts.count == 2 {
      text = String(parts[1])
    } else {
      text = try value(for: spelling, spelled.row, &rest)
    }
    given[spelled.row.name, default: []].append(Text(text: text, spelling: spelling))
  }

  private func short(
    _ word: String, _ rest: inout ArraySlice<String>, _ given: inout [String: [Text]]
  ) throws(CommandError) {
    // `-temp 1` is a forgotten hyphen, never `-t emp`.
    if word.count > 2, byName[String(word.dropFirst().prefix { $0 != "=" })] != nil {
      throw .usage("unknown option '\(visible(word))'; did you mean '-\(visible(word))'?")
    }
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      let spelling = "-\(letter)"
      guard let row = byLetter[letter] else { throw .usage("unknown option '\(visible(spelling))'") }
      guard row.takesValue else {
        given[row.name, default: []].append(Text(text: "true", spelling: spelling))
        continue
      }
      let text: String
      if letters.isEmpty {
        text = try value(for: spelling, row, &rest)
      } else {
        text = String(letters.first == "=" ? letters.dropFirst() : letters)
        letters = ""
      }
      given[row.name, default: []].append(Text(text: text, spelling: spelling))
    }
  }

  /// The next word as the value of an option.
  private func value(
    for spelling: String, _ row: OptionRow, _ rest: inout ArraySlice<String>
  ) throws(CommandError) -> String {
    guard let next = rest.first, next != "--", !isOption(next) else {
      throw .usage("option '\(spelling)' needs a value: \(spelling) \(row.placeholder ?? "VALUE")")
    }
    return rest.removeFirst()
  }

  /// Whether a word is exactly one of the options of the table.
  private func isOption(_ word: String) -> Bool {
    if word.hasPrefix("--") {
      let name = word.dropFirst(2).prefix { $0 != "=" }
      return byName[String(name)] != nil
    }
    return word.count == 2 && word.first == "-" && word.last.map { byLetter[$0] != nil } == true
  }

  private func isNegativeNumber(_ word: String) -> Bool {
    guard let first = word.dropFirst().first(where: { $0 != "." }) else { return false }
    return first.isASCII && first.isNumber && byLetter[first] == nil
  }

  private func readOptions(_ given: [String: [Text]], into values: inout Values) throws(CommandError) {
    for row in options {
      if let texts = given[row.name], let last = texts.last {
        do {
          let value = try row.read(texts.map(\.text))
          values.set(row.name, .init(value: value, origin: .commandLine))
        } catch {
          throw .usage("option '\(last.spelling)': '\(visible(last.text))' \(error.text)")
        }
      } else if let variable = row.environment, let text = environment[variable], !text.isEmpty {
        do {
          let value = try row.read([text])
          values.set(row.name, .init(value: value, origin: .environment(variable)))
        } catch {
          throw .usage("environment variable \(variable): '\(visible(text))' \(error.text)")
        }
      }
    }
  }

  private func place(
    _ arguments: [String], given: Set<String>, into values: inout Values
  ) throws(CommandError) {
    var rest = arguments[...]
    let open = positionals.filter { row in row.replacedBy.map { !given.contains($0) } ?? true }
    for (index, row) in open.enumerated() {
      if rest.count == 1, index + 1 < open.count, row.leaves(rest.first!) { continue }
      switch row.count {
      case .one:
        guard let word = rest.popFirst() else { throw .usage("\(row.name) is missing") }
        values.append(word, to: row.name)
      case .optional:
        if let word = rest.popFirst() { values.append(word, to: row.name) }
      case .rest:
        for word in rest { values.append(word, to: row.name) }
        rest = []
      }
    }
    if let extra = rest.first { throw .usage("unexpected argument '\(visible(extra))'") }
    for row in positionals where !row.choices.isEmpty {
      for word in values.words[row.name] ?? [] where !row.choices.contains(word) {
        let similar = suggestion(for: word, among: row.choices).map { "; did you mean '\($0)'?" }
        throw .usage(
          "\(row.name): '\(visible(word))' is none of \(row.choices.joined(separator: ", "))"
            + (similar ?? ""))
      }
    }
  }
}
