// From the text of a file and the settings of a command line to a configuration.

import ApusBasics
import ApusRuntime

extension TrainingConfiguration {
  /// Reads a file, lets the settings take precedence, and checks the whole.
  ///
  /// - Parameters:
  ///   - path: a JSON file: no comments, no byte-order mark.
  ///   - settings: texts such as `optimizer.learningRate=3e-4`; the value is JSON, or a plain word for texts and
  ///     choices, or words with commas for lists. A later one wins over an earlier one.
  /// - Throws: `ConfigurationError`.
  public init(path: String, settings: [String] = []) throws(ConfigurationError) {
    let file: MappedFile
    do throws(FileError) { file = try MappedFile(path: path) } catch { throw .file(error) }
    try self.init(parsing: withExtendedLifetime(file) { Array(file.bytes) }, name: path, settings: settings)
  }

  /// Reads a text, lets the settings take precedence, and checks the whole. `name` is for errors.
  public init(parsing bytes: [UInt8], name: String, settings: [String] = []) throws(ConfigurationError) {
    var limits = JSONLimits()
    limits.bytes = 16 << 20
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: bytes, limits: limits)
    } catch {
      throw Self.syntaxError(error, bytes, name)
    }
    self.init()
    try read(document)
    try apply(settings)
    try validate()
  }

  /// Reads what `document` says; keys it lacks keep their values.
  package mutating func read(_ document: JSONValue) throws(ConfigurationError) {
    try read(document, section: "")
  }

  private mutating func read(_ document: JSONValue, section: String) throws(ConfigurationError) {
    guard let object = document.object else {
      throw .wrongType(
        section.isEmpty ? "configuration" : section, expected: "an object", found: document.kindText)
    }
    for (name, value) in object {
      let path = section.isEmpty ? name : "\(section).\(name)"
      if path == "$schema" { continue }  // For editors.
      if Self.sections.contains(where: { $0.name == path }) {
        try read(value, section: path)
      } else {
        try set(Self.key(path), value)
      }
    }
  }

  /// Lets settings of a command line take precedence over what is set.
  package mutating func apply(_ settings: [String]) throws(ConfigurationError) {
    var seen: Set<String> = []
    for setting in settings {
      guard let equals = setting.firstIndex(of: "="), equals > setting.startIndex else {
        throw .malformedSetting(setting)
      }
      let key = try Self.key(String(setting[..<equals]))
      let word = String(setting[setting.index(after: equals)...])
      let value = key.word?(word) ?? (try? JSONValue(parsing: word))
      guard let value else {
        throw .wrongType(key.path, expected: key.expected, found: "'\(word.prefix(80))'")
      }
      // A length given here takes the place of the file's, however that counts.
      if Self.lengthKeys.contains(key.path), seen.isDisjoint(with: Self.lengthKeys) {
        (steps, tokens, epochs) = (nil, nil, nil)
      }
      seen.insert(key.path)
      try set(key, value)
    }
  }

  private static let lengthKeys: Set<String> = ["steps", "tokens", "epochs"]

  private mutating func set(_ key: ConfigurationKey, _ value: JSONValue) throws(ConfigurationError) {
    do throws(ValueProblem) {
      try key.read(value, &self)
    } catch {
      throw key.error(error, value)
    }
  }

  /// The key at a path.
  static func key(_ path: String) throws(ConfigurationError) -> ConfigurationKey {
    if let key = keys.first(where: { $0.path == path }) { return key }
    let paths = keys.map(\.path)
    let name = path.split(separator: ".").last.map(String.init) ?? path
    // The right name in the wrong section is likelier than a similar word.
    let nearest =
      paths.first { $0.hasSuffix(".\(name)") || $0 == name } ?? suggestion(for: path, among: paths)
      ?? suggestion(for: name, among: keys.map { String($0.name) }).flatMap { near in
        paths.first { $0.hasSuffix(".\(near)") || $0 == near }
      }
    let section = path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
    let known = sections.contains { $0.name == section } ? section : ""
    let beside =
      known.isEmpty
      ? sections.map(\.name).filter { !$0.isEmpty && !$0.contains(".") }
        + keys.filter(\.section.isEmpty).map(\.path)
      : keys.filter { $0.section == known }.map { String($0.name) }
    throw .unknownKey(path, nearest: nearest, known: beside)
  }

  /// The error with its place; what is plainly a comment is called one.
  private static func syntaxError(_ error: JSONError, _ bytes: [UInt8], _ name: String) -> ConfigurationError
  {
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    let rest = error.line <= lines.count ? lines[error.line - 1].dropFirst(error.column - 1) : []
    let isComment =
      rest.first == UInt8(ascii: "#") || rest.starts(with: "//".utf8) || rest.starts(with: "/*".utf8)
    return .syntax(
      file: name, line: error.line, column: error.column,
      message: isComment ? "a comment, which JSON does not have; take it out" : error.message)
  }
}

extension ConfigurationKey {
  /// The error for a value of this key.
  func error(_ problem: ValueProblem, _ value: JSONValue) -> ConfigurationError {
    switch problem {
    case .wrongType: .wrongType(path, expected: expected, found: value.kindText)
    case .outOfRange: .outOfRange(path, value: value.serialized(), allowed: allowed)
    }
  }
}

extension JSONValue {
  /// What kind of value it is, with the value where that is short.
  var kindText: String {
    switch self {
    case .null, .bool, .int, .double: serialized()
    case .string: "the text \(String(serialized().prefix(60)))"
    case .array: "a list"
    case .object: "an object"
    }
  }
}
