// The types a value in a configuration can have: how each is read from JSON and from a command line, written, and told
// to a person and to an editor.

import ApusBasics

/// The numbers a key may have.
struct NumberBounds: Sendable, Equatable {
  var low = -Double.greatestFiniteMagnitude
  var high = Double.greatestFiniteMagnitude
  /// Whether the bound itself is not allowed.
  var excludesLow = false
  var excludesHigh = false

  /// From a number on.
  static func atLeast(_ low: Double) -> Self { Self(low: low) }
  /// Greater than a number.
  static func above(_ low: Double) -> Self { Self(low: low, excludesLow: true) }
  /// Between two numbers or one of them.
  static func within(_ range: ClosedRange<Double>) -> Self {
    Self(low: range.lowerBound, high: range.upperBound)
  }
  /// From a number up to but not with another.
  static func upTo(_ range: Range<Double>) -> Self {
    Self(low: range.lowerBound, high: range.upperBound, excludesHigh: true)
  }

  func contains(_ value: Double) -> Bool {
    (excludesLow ? value > low : value >= low) && (excludesHigh ? value < high : value <= high)
  }

  var text: String {
    let lower = (excludesLow ? "above " : "at least ") + shortText(low)
    if high == Double.greatestFiniteMagnitude { return lower }
    return lower + (excludesHigh ? " and below " : " and at most ") + shortText(high)
  }
}

/// A type of values of keys.
struct ConfigurationForm<Value: Sendable>: Sendable {
  /// With its article, for "should be …".
  var expected: String
  /// What is allowed, for errors and help.
  var allowed: String
  /// Keywords of a JSON Schema.
  var schema: [(String, JSONValue)]
  var read: @Sendable (JSONValue) throws(ValueProblem) -> Value
  var write: @Sendable (Value) -> JSONValue
  /// The value that a word of the command line stands for, where it is not simply JSON.
  var word: (@Sendable (String) -> JSONValue?)?
}

extension ConfigurationForm where Value == Int {
  /// A whole number; `1e9` is one.
  static func integer(_ range: ClosedRange<Int>) -> Self {
    let isOpen = range.upperBound >= unboundedCount
    return Self(
      expected: "a whole number",
      allowed: isOpen
        ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)",
      schema: [("type", .string("integer")), ("minimum", .int(Int64(range.lowerBound)))]
        + (isOpen ? [] : [("maximum", .int(Int64(range.upperBound)))]),
      read: { json throws(ValueProblem) in
        guard let number = json.double else { throw .wrongType }
        guard let value = json.int ?? Int(exactly: number) else {
          throw number == number.rounded() ? .outOfRange : .wrongType
        }
        guard range.contains(value) else { throw .outOfRange }
        return value
      },
      write: { .int(Int64($0)) })
  }
}

/// Counts without a limit of their own end here, so that sums and small products of them fit in 64 bits.
let unboundedCount = 1 << 48

extension ConfigurationForm where Value == Double {
  static func number(_ bounds: NumberBounds) -> Self {
    var schema: [(String, JSONValue)] = [("type", .string("number"))]
    schema.append((bounds.excludesLow ? "exclusiveMinimum" : "minimum", .double(bounds.low)))
    if bounds.high < Double.greatestFiniteMagnitude {
      schema.append((bounds.excludesHigh ? "exclusiveMaximum" : "maximum", .double(bounds.high)))
    }
    return Self(
      expected: "a number", allowed: bounds.text, schema: schema,
      read: { json throws(ValueProblem) in
        guard let number = json.double else { throw .wrongType }
        guard bounds.contains(number) else { throw .outOfRange }
        return number
      },
      write: { .double($0) })
  }
}

extension ConfigurationForm where Value == Bool {
  static var flag: Self {
    Self(
      expected: "true or false", allowed: "true or false", schema: [("type", .string("boolean"))],
      read: { json throws(ValueProblem) in
        guard let value = json.bool else { throw .wrongType }
        return value
      },
      write: { .bool($0) })
  }
}

extension ConfigurationForm where Value == String {
  /// Any text; `what` names it in help.
  static func text(_ what: String, allowsEmpty: Bool = false) -> Self {
    Self(
      expected: "a text", allowed: allowsEmpty ? what : "\(what), not empty",
      schema: [("type", .string("string"))] + (allowsEmpty ? [] : [("minLength", .int(1))]),
      read: { json throws(ValueProblem) in
        guard let text = json.string else { throw .wrongType }
        guard allowsEmpty || !text.isEmpty else { throw .outOfRange }
        return text
      },
      write: { .string($0) },
      word: { $0.hasPrefix("\"") ? nil : .string($0) })
  }
}

extension ConfigurationForm where Value == [String] {
  /// A list of paths; on a command line they are separated by commas.
  static var paths: Self { texts("paths", schema: textList) }

  /// A list of names, or one; on a command line they are separated by commas.
  static var names: Self {
    let one: JSONValue = .members(["type": .string("string"), "minLength": .int(1)])
    var form = texts(
      "names", schema: [("oneOf", .array([one, .members(textList.map { (name: $0.0, value: $0.1) })]))])
    let readList = form.read
    form.read = { json throws(ValueProblem) in
      let names = try readList(json.string.map { .array([.string($0)]) } ?? json)
      guard !names.isEmpty else { throw .outOfRange }
      return names
    }
    form.expected = "a name or a list of names"
    return form
  }

  private static var textList: [(String, JSONValue)] {
    [
      ("type", .string("array")),
      ("items", .members(["type": .string("string"), "minLength": .int(1)])),
    ]
  }

  private static func texts(_ what: String, schema: [(String, JSONValue)]) -> Self {
    Self(
      expected: "a list of \(what)", allowed: "\(what), none of them empty", schema: schema,
      read: { json throws(ValueProblem) in
        guard let elements = json.array else { throw .wrongType }
        let texts = elements.compactMap(\.string)
        guard texts.count == elements.count else { throw .wrongType }
        guard texts.allSatisfy({ !$0.isEmpty }) else { throw .outOfRange }
        return texts
      },
      write: { .array($0.map(JSONValue.string)) },
      word: { word in
        guard !word.hasPrefix("[") else { return nil }
        return .array(word.split(separator: ",").map { .string(String($0)) })
      })
  }
}

extension ConfigurationForm where Value: ConfigurationChoice {
  /// One of the type's names.
  static var choice: Self {
    let names = Value.allCases.map(\.rawValue)
    return Self(
      expected: "one of \(names.joined(separator: ", "))", allowed: "\(names.joined(separator: ", "))",
      schema: [("enum", .array(names.map(JSONValue.string)))],
      read: { json throws(ValueProblem) in
        guard let name = json.string else { throw .wrongType }
        guard let value = Value(rawValue: name) else { throw .outOfRange }
        return value
      },
      write: { .string($0.rawValue) },
      word: { $0.hasPrefix("\"") ? nil : .string($0) })
  }
}

extension ConfigurationForm where Value == MemoryLimit {
  /// Bytes, or a text such as `80%` or `1.5GB`.
  static var memory: Self {
    Self(
      expected: "a number of bytes or a text such as \"80%\" or \"1.5GB\"",
      allowed: "1% to 100%, or 1 MB or more",
      schema: [
        ("type", .array([.string("integer"), .string("string")])),
        ("minimum", .int(1_000_000)),
        ("pattern", .string("^[0-9.]+ ?(%|[kMGT]i?B|B)$")),
      ],
      read: { json throws(ValueProblem) in
        let limit: MemoryLimit
        if let bytes = json.int {
          limit = .bytes(bytes)
        } else if let text = json.string, let read = MemoryLimit(text: text) {
          limit = read
        } else {
          throw .wrongType
        }
        switch limit {
        case .share(let share): guard (0.01...1).contains(share) else { throw .outOfRange }
        case .bytes(let bytes): guard (1_000_000...1 << 56).contains(bytes) else { throw .outOfRange }
        }
        return limit
      },
      write: { limit in
        switch limit {
        case .share(let share): .string(shortText(share * 100) + "%")
        case .bytes(let bytes): .int(Int64(bytes))
        }
      },
      word: { Int($0) == nil && !$0.hasPrefix("\"") ? .string($0) : nil })
  }
}

extension MemoryLimit {
  /// Reads `80%`, `512MB`, `1.5 GiB`.
  init?(text: String) {
    let units: [(String, Double)] = [
      ("%", 0.01), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("KiB", 1024), ("kiB", 1024),
      ("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40), ("B", 1),
    ]
    guard let (unit, factor) = units.first(where: { text.hasSuffix($0.0) }) else { return nil }
    let digits = text.dropLast(unit.count)
    let number = digits.last == " " ? digits.dropLast() : digits
    guard number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let value = Double(number) else {
      return nil
    }
    if unit == "%" {
      // Divided and not multiplied by 0.01, so that "80%" is written as it was read.
      self = .share(value / 100)
    } else {
      guard value * factor < 1e17 else { return nil }
      self = .bytes(Int(value * factor))
    }
  }
}
