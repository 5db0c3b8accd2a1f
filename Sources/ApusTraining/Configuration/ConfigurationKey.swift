// One key of a configuration: where its value lies, which type it has, what it means. Reading, writing, the schema and
// the help do nothing but walk over these.

import ApusBasics

/// A key, such as `optimizer.learningRate`.
struct ConfigurationKey: Sendable {
  /// The full path, sections and name separated by points.
  let path: String
  /// What it means, one sentence or two without the range or default.
  let summary: String
  /// What stands for `null`; nil when the key always has a value.
  let whenNull: String?
  /// Whether a run that goes on may have another value than it had before.
  let mayChange: Bool
  let expected: String
  let allowed: String
  let schema: [(String, JSONValue)]
  let read: @Sendable (JSONValue, inout TrainingConfiguration) throws(ValueProblem) -> Void
  let write: @Sendable (TrainingConfiguration) -> JSONValue
  let word: (@Sendable (String) -> JSONValue?)?

  /// The part behind the last point.
  var name: Substring { path[(path.lastIndex(of: ".").map { path.index(after: $0) } ?? path.startIndex)...] }
  /// The part before the last point; empty for the outermost keys.
  var section: Substring { path[..<(path.lastIndex(of: ".") ?? path.startIndex)] }

  /// A key that always has a value.
  init<Value>(
    _ path: String, _ place: WritableKeyPath<TrainingConfiguration, Value> & Sendable,
    _ form: ConfigurationForm<Value>, mayChange: Bool = false, _ summary: String
  ) {
    self.path = path
    self.summary = summary
    self.mayChange = mayChange
    whenNull = nil
    expected = form.expected
    allowed = form.allowed
    schema = form.schema
    word = form.word
    let (readValue, writeValue) = (form.read, form.write)
    read = { json, configuration throws(ValueProblem) in
      configuration[keyPath: place] = try readValue(json)
    }
    write = { writeValue($0[keyPath: place]) }
  }

  /// A key that may be `null`, which stands for what `orNull` says.
  init<Value>(
    _ path: String, _ place: WritableKeyPath<TrainingConfiguration, Value?> & Sendable,
    _ form: ConfigurationForm<Value>, orNull: String, mayChange: Bool = false, _ summary: String
  ) {
    self.path = path
    self.summary = summary
    self.mayChange = mayChange
    whenNull = orNull
    expected = form.expected
    allowed = form.allowed
    schema = form.schema
    let (readValue, writeValue, readWord) = (form.read, form.write, form.word)
    word = { $0 == "null" ? .null : readWord?($0) }
    read = { json, configuration throws(ValueProblem) in
      configuration[keyPath: place] = json.isNull ? nil : try readValue(json)
    }
    write = { $0[keyPath: place].map(writeValue) ?? .null }
  }
}
