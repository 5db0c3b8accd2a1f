// Making JSON documents by hand.

extension JSONValue {
  /// An object with the members in the order written.
  package static func members(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .members(members.map { ($0.key, $0.value) })
  }

  /// An object with the members in the order given.
  package static func members(_ members: [(name: String, value: JSONValue)]) -> JSONValue {
    var object = JSONObject()
    for member in members { object[member.name] = member.value }
    return .object(object)
  }

  /// A count or a size.
  package static func integer(_ value: Int) -> JSONValue { .int(Int64(value)) }

  /// `null` for nil.
  package static func optional<Wrapped>(_ value: Wrapped?, _ make: (Wrapped) -> JSONValue) -> JSONValue {
    value.map(make) ?? .null
  }
}
