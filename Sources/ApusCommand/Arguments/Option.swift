// Options: what a command takes by name. An `Option` knows the type of its value; its `row` is the part that
// the parser, the help, the completions and the manual page read. The ready-made kinds are in OptionKinds.

/// One row of a command's table of options.
struct OptionRow: Sendable {
  /// The name after `--`.
  let name: String
  /// Other long names with the same meaning.
  var otherNames: [String] = []
  /// The letter after `-`.
  var short: Character?
  /// What help calls the value; nil for an option that takes none.
  var placeholder: String?
  /// Whether `--no-name` exists as well.
  var isNegatable = false
  /// Whether each occurrence adds a value; otherwise the last one wins.
  var repeats = false
  /// One sentence without a final full stop.
  let help: String
  /// What holds when the option is absent, in words.
  var defaultText: String?
  /// The environment variable that stands in for an absent option.
  var environment: String?
  /// The only values possible, when they are few.
  var choices: [String] = []
  /// Whether the value is a file name, for completions.
  var isFile = false
  /// The heading in the help; nil is "Options", which comes first.
  var group: String?
  /// Makes the value out of the texts given, in order (`"true"` and `"false"` for options without a value).
  let read: @Sendable ([String]) throws(ValueProblem) -> any Sendable

  var takesValue: Bool { placeholder != nil }
  var names: [String] { [name] + otherNames }
}

/// What is wrong with the text of a value: completes the sentence "'text' …".
struct ValueProblem: Error, Equatable {
  let text: String
}

/// An option with the type of its value.
struct Option<Value: Sendable>: Sendable {
  var row: OptionRow
  /// The value when the option is absent.
  let absent: Value

  init(row: OptionRow, absent: Value) {
    self.row = row
    self.absent = absent
  }

  /// The same option under a heading of the help.
  func grouped(_ heading: String) -> Self {
    var copy = self
    copy.row.group = heading
    return copy
  }
}
