// One object of a `tokenizer.json` with the path to it, so that whoever reads a member says where it is wrong.

import ApusBasics

/// A JSON object with the path to it, for reading entries with errors that say where.
struct Entry {
  var path: String
  var object: JSONObject

  init(_ value: JSONValue, _ path: String) throws(EntryError) {
    guard let object = value.object else { throw EntryError(path, "is not an object") }
    (self.path, self.object) = (path, object)
  }

  /// The type of a component.
  func type() throws(EntryError) -> String {
    guard let type = try string("type") else { throw EntryError(path, "has no type") }
    return type
  }

  /// A text; `nil` where it is absent or null.
  func string(_ key: String) throws(EntryError) -> String? {
    guard let value = member(key) else { return nil }
    guard let text = value.string else { throw EntryError("\(path).\(key)", "is not a text") }
    return text
  }

  /// `true` or `false`.
  func bool(_ key: String, default: Bool) throws(EntryError) -> Bool { try bool(key) ?? `default` }

  /// `true`, `false`, or `nil` where it is absent or null.
  func bool(_ key: String) throws(EntryError) -> Bool? {
    guard let value = member(key) else { return nil }
    guard let flag = value.bool else { throw EntryError("\(path).\(key)", "is not true or false") }
    return flag
  }

  /// An integer; `nil` where it is absent or null.
  func int(_ key: String) throws(EntryError) -> Int? {
    guard let value = member(key) else { return nil }
    guard let number = value.int else { throw EntryError("\(path).\(key)", "is not an integer") }
    return number
  }

  /// A list; empty where it is absent or null.
  func array(_ key: String) throws(EntryError) -> [JSONValue] {
    guard let value = member(key) else { return [] }
    guard let elements = value.array else { throw EntryError("\(path).\(key)", "is not an array") }
    return elements
  }

  /// A member that is there and not null.
  func member(_ key: String) -> JSONValue? {
    object[key].flatMap { $0.isNull ? nil : $0 }
  }

  /// The elements of a Sequence and of sequences within it, one after the other; the entry itself if it is none.
  ///
  /// Longer sequences than any known one by far are refused: every step costs time with every text.
  static func flattened(_ value: JSONValue?, _ path: String, _ key: String) throws(EntryError) -> [Entry] {
    let all = try steps(value, path, key)
    guard all.count <= mostSteps else {
      throw EntryError(path, "has \(all.count) steps, more than the limit of \(mostSteps)")
    }
    return all
  }

  private static let mostSteps = 64

  private static func steps(
    _ value: JSONValue?, _ path: String, _ key: String
  ) throws(EntryError) -> [Entry] {
    guard let value, !value.isNull else { return [] }
    let entry = try Entry(value, path)
    guard try entry.type() == "Sequence" else { return [entry] }
    var all: [Entry] = []
    for (index, element) in try entry.array(key).enumerated() {
      all += try steps(element, "\(path).\(key)[\(index)]", key)
    }
    return all
  }
}
