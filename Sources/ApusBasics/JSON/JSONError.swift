// What can be wrong with a JSON text, and where.

/// A JSON text that cannot be read.
public struct JSONError: ApusError, Equatable {
  /// What is wrong.
  public let message: String
  /// The line, from 1.
  public let line: Int
  /// The byte in the line, from 1.
  public let column: Int

  /// What went wrong, in one line.
  public var description: String { "line \(line), column \(column): \(message)" }
}

/// What a JSON text may hold.
public struct JSONLimits: Sendable {
  /// Arrays and objects within one another.
  public var depth = 128
  /// Bytes of the text.
  public var bytes = 1 << 30
  /// Whether a key may occur twice in an object; the last one then wins.
  public var allowsDuplicateKeys = false

  /// The defaults.
  public init() {}
}
