// Starting other programs: pipes that no other child holds open, and groups that can be ended as a whole. What is said over
// the pipes is the caller's business.

import CApusPlatform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Programs that run beside this one.
package enum Subprocess {
  /// Why a program could not be started.
  package struct StartFailure: Error {
    /// As in `errno`.
    package let code: Int32
  }

  /// A pipe; nil when there are no more descriptors.
  package static func pipe() -> (reading: Int32, writing: Int32)? {
    var ends: [Int32] = [-1, -1]
    #if canImport(Darwin)
      let result = Darwin.pipe(&ends)
    #elseif canImport(Musl)
      let result = Musl.pipe(&ends)
    #else
      let result = Glibc.pipe(&ends)
    #endif
    guard result == 0 else { return nil }
    keepFromChildren(ends)
    return (ends[0], ends[1])
  }

  /// A pipe whose writing end can be told not to raise signals: `send`. nil when there are no more descriptors.
  package static func quietPipe() -> (reading: Int32, writing: Int32)? {
    var ends: [Int32] = [-1, -1]
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return nil }
    keepFromChildren(ends)
    #if canImport(Darwin)
      var yes: Int32 = 1
      setsockopt(ends[1], SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
    #endif
    return (ends[0], ends[1])
  }

  /// Writes what fits without waiting to the end of a `quietPipe`; as `write` otherwise.
  package static func send(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
    #if canImport(Darwin)
      let flags = Int32(MSG_DONTWAIT)
    #else
      let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    #endif
    #if canImport(Darwin)
      return Darwin.send(descriptor, bytes.baseAddress, bytes.count, flags)
    #elseif canImport(Musl)
      return Musl.send(descriptor, bytes.baseAddress, bytes.count, flags)
    #else
      return Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags)
    #endif
  }

  /// Another child must not hold this one's pipe open.
  private static func keepFromChildren(_ descriptors: [Int32]) {
    for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
  }

  /// Starts a process in a group of its own: Ctrl-C is for the parent, which ends its children in order.
  ///
  /// - Parameters:
  ///   - environment: all of its variables; nil for this process's own.
  ///   - descriptors: its standard input, output and errors; what is not given is the parent's.
  package static func start(
    _ program: String, _ words: [String], environment: [String: String]? = nil, descriptors: [Int32]
  ) -> Result<pid_t, StartFailure> {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for (number, descriptor) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var arguments = ([program] + words).map { strdup($0) } + [nil]
    var variables = (environment ?? [:]).map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process = pid_t()
    let code = variables.withUnsafeMutableBufferPointer { own in
      let environment = environment == nil ? apus_environment() : own.baseAddress
      return posix_spawn(&process, program, &actions, &attributes, &arguments, environment)
    }
    return code == 0 ? .success(process) : .failure(StartFailure(code: code))
  }

  /// Waits for a process.
  ///
  /// - Returns: how it ended, in words.
  @discardableResult
  package static func wait(_ process: pid_t) -> String {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { return "ended" }
    }
    let signal = status & 0x7F
    return signal == 0 ? "ended with status \(status >> 8 & 0xFF)" : "was ended by signal \(signal)"
  }

  /// Ends a process and all that it has started, at once, and waits for it.
  ///
  /// - Returns: how it ended, in words.
  @discardableResult
  package static func end(group process: pid_t) -> String {
    kill(-process, SIGKILL)
    return wait(process)
  }
}
