// What can be wrong with a chat template, and how much of the machine one may use.

import ApusBasics

/// A template that cannot be read or rendered.
public struct TemplateError: ApusError, Equatable {
  /// What is wrong.
  public let message: String
  /// The line of the template, from 1; 0 where none is to blame.
  public let line: Int

  /// A mistake at a line of the template.
  public init(_ message: String, line: Int = 0) {
    self.message = message
    self.line = line
  }

  /// The mistake in one line, with the line of the template.
  public var description: String {
    line > 0 ? "template, line \(line): \(message)" : "template: \(message)"
  }
}

/// Bounds on what a template may do. Templates come with models from anywhere.
public struct TemplateLimits: Sendable {
  /// Bytes of the source.
  public var sourceBytes = 1 << 20
  /// Nodes evaluated in one rendering.
  public var steps = 10_000_000
  /// Characters of the output, and of any string on the way.
  public var outputCharacters = 16 << 20
  /// Statements or expressions within one another, and calls of macros.
  public var depth = 200
  /// Numbers of one `range`, as in jinja2's sandbox.
  public var rangeCount = 100_000

  /// The defaults.
  public init() {}
}
