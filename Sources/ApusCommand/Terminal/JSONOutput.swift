// What `--json` prints: one JSON document as the last line of standard output, keys in the order given.

/// A JSON document to be written. (Reading JSON is another matter and not done here.)
indirect enum JSONOutput: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  /// A number that is not finite is written as null: JSON has no word for it.
  case number(Double)
  case string(String)
  case array([JSONOutput])
  case members([(name: String, value: JSONOutput)])

  static func == (left: Self, right: Self) -> Bool { left.text == right.text }

  /// An object with the members in the order written.
  static func object(_ members: KeyValuePairs<String, JSONOutput>) -> JSONOutput {
    .members(members.map { ($0.key, $0.value) })
  }

  /// `null` for nil.
  static func optional<Wrapped>(_ value: Wrapped?, _ make: (Wrapped) -> JSONOutput) -> JSONOutput {
    value.map(make) ?? .null
  }

  /// The document without white space, valid UTF-8, on one line.
  var text: String {
    var result = ""
    write(to: &result)
    return result
  }

  private func write(to result: inout String) {
    switch self {
    case .null: result += "null"
    case .bool(let value): result += value ? "true" : "false"
    case .integer(let value): result += String(value)
    case .number(let value): result += value.isFinite ? shortText(value) : "null"
    case .string(let value): Self.quote(value, to: &result)
    case .array(let values):
      result += "["
      for (index, value) in values.enumerated() {
        if index > 0 { result += "," }
        value.write(to: &result)
      }
      result += "]"
    case .members(let members):
      result += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { result += "," }
        Self.quote(member.name, to: &result)
        result += ":"
        member.value.write(to: &result)
      }
      result += "}"
    }
  }

  private static func quote(_ text: String, to result: inout String) {
    result += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        // C1 and DEL are legal in JSON, but the document may be shown on a terminal. U+2028 and U+2029 would
        // end a line for some readers.
        if scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
          || (0x2028...0x2029).contains(scalar.value)
        {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    result += "\""
  }
}

extension Console {
  /// Writes the document as a line of its own.
  func json(_ document: JSONOutput) throws(CommandError) {
    try line(document.text)
  }
}
