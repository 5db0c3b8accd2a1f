// What can be wrong with a `tokenizer.json`: the file, the entry and the problem, in one line.

import ApusBasics

/// A `tokenizer.json` no tokenizer can be made of.
public enum HuggingFaceTokenizerError: ApusError, Equatable {
  /// The file is no JSON.
  case json(file: String, JSONError)
  /// An entry is wrong, or is something Apus does not do. Never skipped in silence.
  case entry(file: String, entry: String, problem: String)
  /// The entries do not make a tokenizer.
  case tokenizer(file: String, TokenizerError)

  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .json(let file, let error): "\(file): \(error)"
    case .entry(let file, let entry, let problem): "\(file): \(entry): \(problem)"
    case .tokenizer(let file, let error): "\(file): \(error)"
    }
  }
}

/// What is wrong with an entry; the file's name is added at the door.
struct EntryError: Error {
  var entry: String
  var problem: String

  init(_ entry: String, _ problem: String) {
    self.entry = entry
    self.problem = problem
  }

  /// An entry of a type, or with a setting, that Apus does not do.
  static func unsupported(_ entry: String, _ what: String) -> EntryError {
    EntryError(entry, "\(what) is not supported")
  }

  /// A value as an error shows it: short, on one line.
  static func shown(_ text: String) -> String {
    let short = text.unicodeScalars.prefix(60).map {
      $0.properties.generalCategory == .control ? "\u{FFFD}" : Character($0)
    }
    return "\"\(String(short))\(text.unicodeScalars.count > 60 ? "…" : "")\""
  }
}

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
  static func flattened(_ value: JSONValue?, _ path: String, _ key: String) throws(EntryError) -> [Entry] {
    guard let value, !value.isNull else { return [] }
    let entry = try Entry(value, path)
    guard try entry.type() == "Sequence" else { return [entry] }
    var all: [Entry] = []
    for (index, element) in try entry.array(key).enumerated() {
      all += try flattened(element, "\(path).\(key)[\(index)]", key)
    }
    return all
  }
}
