// How a command ends when it does not end well, and the exit code each ending has.

import ApusBasics

/// The exit codes of `apus`.
enum ExitCode {
  static let success: Int32 = 0
  static let failure: Int32 = 1
  static let usage: Int32 = 2
  /// `apus bench` found something slower than before.
  static let regression: Int32 = 3

  /// The shell's convention for a program ended by a signal: 130 for SIGINT, 143 for SIGTERM.
  static func signal(_ number: Int32) -> Int32 { 128 + number }
}

/// Why a command stopped.
enum CommandError: ApusError, Equatable {
  /// The command line is wrong; the message is followed by `Try 'apus … --help'`.
  case usage(String)
  /// The work could not be done.
  case failure(String)
  /// A comparison was made and found something slower; its lines have said what.
  case regression
  /// A signal asked for the end.
  case interrupted(signal: Int32)
  /// Whoever read standard output has gone (`apus run … | head -1`): nobody is left to tell.
  case outputClosed

  var description: String {
    switch self {
    case .usage(let message), .failure(let message): message
    case .regression: "slower than before"
    case .interrupted(let signal): "interrupted by signal \(signal)"
    case .outputClosed: "standard output is closed"
    }
  }

  var exitCode: Int32 {
    switch self {
    case .usage: ExitCode.usage
    case .failure: ExitCode.failure
    case .regression: ExitCode.regression
    case .interrupted(let signal): ExitCode.signal(signal)
    case .outputClosed: ExitCode.success
    }
  }

  /// Whether a line on standard error belongs to this ending.
  var isReported: Bool {
    switch self {
    case .usage, .failure: true
    case .regression, .interrupted, .outputClosed: false
    }
  }
}
