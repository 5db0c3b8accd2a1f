// The world of a command: its three streams, the environment and the size of the terminal. A command touches
// nothing else, so tests run commands with a console in memory.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The streams and surroundings of a command.
final class Console: Sendable {
  let input: InputChannel
  let output: OutputChannel
  let errors: OutputChannel
  let environment: [String: String]
  /// Columns of the terminal; 80 when there is none.
  let width: Int

  init(
    input: InputChannel, output: OutputChannel, errors: OutputChannel, environment: [String: String],
    width: Int
  ) {
    self.input = input
    self.output = output
    self.errors = errors
    self.environment = environment
    self.width = width
  }

  /// The console of this process.
  static func process() -> Console {
    let environment = processEnvironment()
    return Console(
      input: InputChannel(descriptor: STDIN_FILENO),
      output: OutputChannel(descriptor: STDOUT_FILENO),
      errors: OutputChannel(descriptor: STDERR_FILENO),
      environment: environment,
      width: terminalWidth(environment))
  }

  /// Whether colours are welcome on standard output: a terminal, no `NO_COLOR`, not a dumb one.
  var usesColor: Bool {
    output.isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
  }

  /// Writes text of our own to standard output, as it is.
  func write(_ text: String) throws(CommandError) {
    try output.write(text)
  }

  /// Writes a line of our own to standard output.
  func line(_ text: String = "") throws(CommandError) {
    try output.write(text + "\n")
  }

  /// Writes text of a model or a file to standard output; see `OutputChannel.writeForeign`.
  func foreign(_ text: String) throws(CommandError) {
    try output.writeForeign(text.utf8)
  }

  /// Writes a line to standard error, after all that standard output holds. A standard error that is closed
  /// is no reason to stop.
  func note(_ text: String) {
    output.flushForNow()
    try? errors.write(text + "\n")
    try? errors.flush()
  }
}

/// The environment of this process. The first of two equal names wins, as with `getenv`.
private func processEnvironment() -> [String: String] {
  var result: [String: String] = [:]
  // Not optional in every libc's header, but null in an emptied environment.
  let start: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
  guard var entry = start else { return result }
  while let text = entry.pointee {
    let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if pair.count == 2, result[String(pair[0])] == nil { result[String(pair[0])] = String(pair[1]) }
    entry += 1
  }
  return result
}

private func terminalWidth(_ environment: [String: String]) -> Int {
  var size = winsize()
  for descriptor in [STDOUT_FILENO, STDERR_FILENO]
  where ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 {
    return Int(size.ws_col)
  }
  return environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
}
