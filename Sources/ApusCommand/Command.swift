// What a subcommand is: a name, a table of options and arguments, and something to do. Parsing, help,
// completions and the manual page all follow from the table.

/// A subcommand of `apus`, one file in `Commands/`.
protocol Command {
  /// The word on the command line.
  static var name: String { get }
  /// One line for the list of commands, without a final full stop.
  static var summary: String { get }
  /// Further paragraphs for the command's own help.
  static var discussion: [String] { get }
  /// Command lines worth showing, without the leading `$`.
  static var examples: [String] { get }
  /// What it takes by position, in order.
  static var arguments: [PositionalRow] { get }
  /// What it takes by name, in the order in which help shows it.
  static var options: [OptionRow] { get }

  /// Does the work, on the main thread: the engine has threads of its own, and a command that computed inside
  /// a task would block the pool all tasks share.
  static func run(_ values: Values, _ console: Console) throws
}

extension Command {
  static var discussion: [String] { [] }
  static var examples: [String] { [] }
  static var arguments: [PositionalRow] { [] }
  static var options: [OptionRow] { [] }
}
