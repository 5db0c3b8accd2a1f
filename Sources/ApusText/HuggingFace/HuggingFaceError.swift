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
