// What can be wrong with a configuration: always the key's full path, what was found, and what would be right.

import ApusBasics
import ApusRuntime

/// Why a configuration is refused.
public enum ConfigurationError: ApusError, Equatable {
  /// The file cannot be read.
  case file(FileError)
  /// The file is not JSON.
  case syntax(file: String, line: Int, column: Int, message: String)
  /// A key that does not exist; `known` are those that stand beside it.
  case unknownKey(String, nearest: String?, known: [String])
  /// A setting of the command line that is not `key=value`.
  case malformedSetting(String)
  /// A value of another type.
  case wrongType(String, expected: String, found: String)
  /// A number or word outside of what is allowed.
  case outOfRange(String, value: String, allowed: String)
  /// Two keys that cannot both be given, or not with these values.
  case contradiction(String, String, reason: String)
  /// A size that must be a multiple of another.
  case notDivisible(String, Int, by: String, Int)
  /// A key that must be given.
  case missing(String, reason: String)

  /// One line that names the key.
  public var description: String {
    switch self {
    case .file(let error): return error.description
    case .syntax(let file, let line, let column, let message):
      return "\(file): line \(line), column \(column): \(message)"
    case .unknownKey(let key, let nearest, let known):
      let place = key.lastIndex(of: ".").map { "\"\(key[..<$0])\" has" } ?? "there are"
      return "unknown key \"\(key.prefix(80))\"; "
        + (nearest.map { "did you mean \"\($0)\"?" } ?? "\(place) \(known.joined(separator: ", "))")
    case .malformedSetting(let text): return "the setting \"\(text.prefix(80))\" should be key=value"
    case .wrongType(let key, let expected, let found): return "\"\(key)\" should be \(expected), not \(found)"
    case .outOfRange(let key, let value, let allowed):
      return "\"\(key)\" is \(value.prefix(80)); allowed is \(allowed)"
    case .contradiction(let first, let second, let reason):
      return "\"\(first)\" and \"\(second)\" contradict each other: \(reason)"
    case .notDivisible(let key, let value, let divisor, let count):
      return "\"\(key)\" (\(value)) should be a multiple of \"\(divisor)\" (\(count))"
    case .missing(let key, let reason): return "\"\(key)\" is missing: \(reason)"
    }
  }
}

/// What is wrong with a value, before it is known whose it is.
enum ValueProblem: Error {
  case wrongType
  case outOfRange
}
