// Arguments taken by position, in the order of the command's table.

/// One row of a command's table of positional arguments.
struct PositionalRow: Sendable {
  enum Count { case one, optional, rest }

  /// What help calls it, in capitals.
  let name: String
  let count: Count
  /// One sentence without a final full stop.
  let help: String
  /// The long name of the option that takes this argument's place: when the option is given, the position is
  /// skipped and the next word belongs to the next argument.
  var replacedBy: String?
  var choices: [String] = []
  var isFile = false
  /// Whether a word that stands alone is meant for the next argument.
  var leaves: @Sendable (String) -> Bool = { _ in false }

  /// How a usage line shows it.
  var usage: String {
    switch count {
    case .one: name
    case .optional: "[\(name)]"
    case .rest: "[\(name)…]"
    }
  }
}

/// A positional argument with the type of its value: `String`, `String?` or `[String]`.
struct Positional<Value: Sendable>: Sendable {
  let row: PositionalRow
  /// The value out of the words that fell to this position.
  let read: @Sendable ([String]) -> Value
}

extension Positional where Value == String {
  /// A word that must be there.
  static func one(_ name: String, isFile: Bool = false, choices: [String] = [], help: String) -> Self {
    Self(
      row: PositionalRow(name: name, count: .one, help: help, choices: choices, isFile: isFile)
    ) { words in
      guard let word = words.first else {
        preconditionFailure("\(name) is required: the parser sees to it, or the command's table lacks it")
      }
      return word
    }
  }
}

extension Positional where Value == String? {
  /// A word that may be there.
  static func optional(
    _ name: String, isFile: Bool = false, choices: [String] = [], replacedBy: String? = nil, help: String,
    leaves: @escaping @Sendable (String) -> Bool = { _ in false }
  ) -> Self {
    Self(
      row: PositionalRow(
        name: name, count: .optional, help: help, replacedBy: replacedBy, choices: choices, isFile: isFile,
        leaves: leaves)
    ) { $0.first }
  }
}

extension Positional where Value == [String] {
  /// All words that are left.
  static func rest(_ name: String, isFile: Bool = false, help: String) -> Self {
    Self(row: PositionalRow(name: name, count: .rest, help: help, isFile: isFile)) { $0 }
  }
}
