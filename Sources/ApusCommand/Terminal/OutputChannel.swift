// One stream of output: bytes gathered in a buffer and written to a file descriptor, or kept for a test.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Buffered output to a file descriptor, or to memory.
final class OutputChannel: Sendable {
  /// Enough that listing a vocabulary is not one system call for each piece; small beside any cache.
  private static let capacity = 1 << 14

  private struct State {
    var bytes: [UInt8] = []
    var filter = ControlFilter()
    /// The error number of a failure that nobody has been told of.
    var failure: Int32 = 0

    /// The failure, which is forgotten.
    mutating func takeFailure() -> Int32 {
      defer { failure = 0 }
      return failure
    }
  }

  /// The descriptor, or nil when the bytes stay in memory.
  private let descriptor: Int32?
  /// Whether a person is looking.
  let isTerminal: Bool
  private let state = Mutex(State())

  /// A channel to an open descriptor, which it does not own.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
    state.withLock { $0.bytes.reserveCapacity(Self.capacity * 2) }
  }

  /// A channel that keeps what is written, for tests; `isTerminal` as the test wants it.
  init(inMemory isTerminal: Bool) {
    descriptor = nil
    self.isTerminal = isTerminal
  }

  /// What a channel in memory holds.
  var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

  /// Adds text of our own, which may hold control sequences.
  func write(_ text: String) throws(CommandError) {
    try add { $0.bytes.append(contentsOf: text.utf8) }
  }

  /// Adds bytes as they are.
  func write(bytes: UnsafeRawBufferPointer) throws(CommandError) {
    try add { $0.bytes.append(contentsOf: bytes) }
  }

  /// Adds text of a model or a file: on a terminal its control characters are left out, elsewhere every byte
  /// passes as it is.
  func writeForeign(_ bytes: some Sequence<UInt8>) throws(CommandError) {
    let isFiltered = isTerminal
    try add { state in
      if isFiltered {
        state.filter.append(bytes, to: &state.bytes)
      } else {
        state.bytes.append(contentsOf: bytes)
      }
    }
  }

  /// Hands everything gathered to the system.
  func flush() throws(CommandError) {
    try report(
      state.withLock { state in
        drain(&state)
        return state.takeFailure()
      })
  }

  /// The same where a failure cannot be told: whoever writes or flushes next is.
  func flushForNow() {
    state.withLock { drain(&$0) }
  }

  private func add(_ body: (inout State) -> Void) throws(CommandError) {
    let code = state.withLock { state -> Int32 in
      body(&state)
      if isTerminal || state.bytes.count >= Self.capacity { drain(&state) }
      return state.takeFailure()
    }
    try report(code)
  }

  private func report(_ code: Int32) throws(CommandError) {
    switch code {
    case 0: return
    // EIO is what a terminal that has been closed answers.
    case EPIPE, EIO: throw .outputClosed
    default: throw .failure("cannot write output: \(systemMessage(code))")
    }
  }

  /// Writes the buffer out. What cannot be written is dropped, so that the same failure is not met again while the program
  /// leaves.
  private func drain(_ state: inout State) {
    guard let descriptor else { return }
    let code = state.bytes.withUnsafeBytes { writeAll($0, to: descriptor) }
    if code != 0 { state.failure = code }
    state.bytes.removeAll(keepingCapacity: true)
  }
}

/// Writes all of `bytes`; returns the error number, 0 when all is well.
private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
  var rest = bytes[...]
  while !rest.isEmpty {
    let slice = UnsafeRawBufferPointer(rebasing: rest)
    let count = write(descriptor, slice.baseAddress, slice.count)
    if count >= 0 {
      rest = rest.dropFirst(count)
      continue
    }
    switch errno {
    case EINTR: continue
    case EAGAIN:
      // Someone who shares the descriptor has made it non-blocking.
      var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&poller, 1, -1)
    default: return errno
    }
  }
  return 0
}

/// The system's own words for an error number.
func systemMessage(_ code: Int32) -> String {
  String(cString: strerror(code))
}
