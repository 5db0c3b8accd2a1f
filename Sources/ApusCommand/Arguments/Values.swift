// What a command line said, after parsing: typed values, and where each came from.

/// The values of one command's options and arguments.
struct Values: Sendable {
  /// Where a value comes from.
  enum Origin: Equatable, Sendable {
    case commandLine
    case environment(String)
    case absent
  }

  struct Found: Sendable {
    let value: any Sendable
    let origin: Origin
  }

  private(set) var found: [String: Found] = [:]
  private(set) var words: [String: [String]] = [:]

  mutating func set(_ name: String, _ value: Found) { found[name] = value }
  mutating func append(_ word: String, to name: String) { words[name, default: []].append(word) }

  /// The value of an option: as given, from its environment variable, or its default.
  subscript<Value>(option: Option<Value>) -> Value {
    guard let entry = found[option.row.name] else { return option.absent }
    guard let value = entry.value as? Value else {
      preconditionFailure("option --\(option.row.name) is in the table with another type")
    }
    return value
  }

  /// The value of a positional argument.
  subscript<Value>(argument: Positional<Value>) -> Value {
    argument.read(words[argument.row.name] ?? [])
  }

  /// Where the value of an option comes from.
  func origin<Value>(of option: Option<Value>) -> Origin {
    found[option.row.name]?.origin ?? .absent
  }

  /// Whether the option was given, on the command line or through the environment.
  func has<Value>(_ option: Option<Value>) -> Bool { found[option.row.name] != nil }
}
