// Ctrl-C and SIGTERM as a flag that work looks at between steps: the first one stops the answer, the second one
// leaves at once. Commands that never look at the flag do not install it and die the ordinary way.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A signal handler gets no context, so the one word it may write must be global. Zero: nothing has happened;
/// otherwise the number of the signal.
private let pendingSignal = Atomic<Int32>(0)

/// Runs inside the signal: only lock-free atomics, `write` and `_exit`.
private func signalArrived(_ signal: Int32) {
  let saved = errno
  if pendingSignal.exchange(signal, ordering: .relaxed) != 0 {
    // The shell's prompt should not start in the middle of a line.
    _ = withUnsafeBytes(of: UInt8(ascii: "\n")) { write(STDERR_FILENO, $0.baseAddress, 1) }
    _exit(128 + signal)
  }
  errno = saved
}

/// The request to stop, from the keyboard or from the system.
struct Interrupt: Sendable {
  /// Starts to listen to SIGINT and SIGTERM. A signal also ends a wait for input (no `SA_RESTART`).
  ///
  /// - Parameter alsoUserSignal: listens to SIGUSR1, too: schedulers and mpirun send it before they kill.
  static func install(alsoUserSignal: Bool = false) -> Interrupt {
    // The first access makes the variable; it must not happen inside the handler.
    pendingSignal.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] + (alsoUserSignal ? [SIGUSR1] : []) {
      var action = sigaction()
      #if canImport(Darwin)
        action.__sigaction_u.__sa_handler = signalArrived
      #elseif canImport(Musl)
        action.__sa_handler.sa_handler = signalArrived
      #else
        action.__sigaction_handler.sa_handler = signalArrived
      #endif
      sigemptyset(&action.sa_mask)
      sigaction(number, &action, nil)
    }
    return Interrupt()
  }

  /// The signal that asked for the end, or nil.
  var signal: Int32? {
    let number = pendingSignal.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// Whether the work should stop. Costs one relaxed load.
  var isRequested: Bool { signal != nil }

  /// Forgets the request: the answer has stopped, the conversation goes on.
  func clear() {
    pendingSignal.store(0, ordering: .relaxed)
  }

  /// Throws when the work should stop.
  func check() throws(CommandError) {
    if let signal { throw .interrupted(signal: signal) }
  }
}
