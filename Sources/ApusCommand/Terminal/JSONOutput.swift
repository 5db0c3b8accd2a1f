// What `--json` prints: one JSON document as the last line of standard output, keys in the order given.

import ApusBasics

extension JSONValue {
  /// An object with the members in the order written.
  static func members(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .members(members.map { ($0.key, $0.value) })
  }

  /// An object with the members in the order given.
  static func members(_ members: [(name: String, value: JSONValue)]) -> JSONValue {
    var object = JSONObject()
    for member in members { object[member.name] = member.value }
    return .object(object)
  }

  /// A count or a size.
  static func integer(_ value: Int) -> JSONValue { .int(Int64(value)) }

  /// `null` for nil.
  static func optional<Wrapped>(_ value: Wrapped?, _ make: (Wrapped) -> JSONValue) -> JSONValue {
    value.map(make) ?? .null
  }
}

extension Console {
  /// Writes the document as a line of its own. It may hold names from a file, so that on a terminal it is
  /// filtered like them.
  func json(_ document: JSONValue) throws(CommandError) {
    try foreign(document.serialized() + "\n")
  }
}
