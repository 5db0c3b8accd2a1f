// One stream of input: whole, or line by line, from a file descriptor or from a test's text.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Buffered input from a file descriptor, or from memory.
final class InputChannel: Sendable {
  /// What a read of one line gives.
  enum Line: Equatable {
    /// A line without its newline.
    case text(String)
    /// Nothing more will come.
    case end
    /// Ctrl-C while waiting.
    case interrupted
  }

  private struct State {
    var bytes: [UInt8]
    var start = 0
    var isAtEnd = false
  }

  private let descriptor: Int32?
  private let isOwner: Bool
  /// Whether a person is typing.
  let isTerminal: Bool
  private let state: Mutex<State>

  /// A channel from an open descriptor, which it does not own.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    isOwner = false
    isTerminal = isatty(descriptor) == 1
    state = Mutex(State(bytes: []))
  }

  /// A channel from an open descriptor, which it closes.
  init(owning descriptor: Int32) {
    self.descriptor = descriptor
    isOwner = true
    isTerminal = false
    state = Mutex(State(bytes: []))
  }

  deinit {
    if isOwner, let descriptor { close(descriptor) }
  }

  /// A channel that gives the bytes of a test.
  init(inMemory bytes: [UInt8], isTerminal: Bool = false) {
    descriptor = nil
    isOwner = false
    self.isTerminal = isTerminal
    state = Mutex(State(bytes: bytes))
  }

  /// Everything up to the end, at most `limit` bytes.
  func readAll(limit: Int, name: String = "standard input") throws(CommandError) -> [UInt8] {
    let result = state.withLock { state -> Result<[UInt8], CommandError> in
      while true {
        if state.bytes.count - state.start > limit {
          return .failure(.failure("\(name) is longer than \(limit) bytes"))
        }
        switch fill(&state) {
        case .more: continue
        case .interrupted: continue
        case .end:
          let rest = Array(state.bytes[state.start...])
          state.start = state.bytes.count
          return .success(rest)
        case .failed(let code):
          return .failure(.failure("cannot read \(name): \(systemMessage(code))"))
        }
      }
    }
    return try result.get()
  }

  /// The next line, without its newline or carriage return. Invalid UTF-8 becomes U+FFFD: a line is typed by
  /// a person, who sees it.
  func readLine() throws(CommandError) -> Line {
    switch try readBytes(limit: .max) {
    case .text(let bytes): .text(String(decoding: bytes, as: UTF8.self))
    case .end: .end
    case .interrupted: .interrupted
    }
  }

  /// What a read of one line gives as it stands in the input.
  enum ByteLine: Equatable {
    case text([UInt8])
    case end
    case interrupted
  }

  /// The bytes of the next line, without its newline or carriage return.
  ///
  /// - Parameter limit: the most bytes of a line; a longer one is an error.
  func readBytes(limit: Int, name: String = "standard input") throws(CommandError) -> ByteLine {
    let result = state.withLock { state -> Result<ByteLine, CommandError> in
      var searched = state.start
      while true {
        if let newline = state.bytes[searched...].firstIndex(of: 0x0A) {
          let line = Self.line(state.bytes[state.start..<newline])
          state.start = newline + 1
          return .success(.text(line))
        }
        searched = state.bytes.count
        if searched - state.start > limit {
          return .failure(.failure("\(name): a line is longer than \(limit) bytes"))
        }
        switch fill(&state) {
        case .more: searched = min(searched, state.bytes.count)
        case .interrupted: return .success(.interrupted)
        case .end:
          guard state.start < state.bytes.count else { return .success(.end) }
          let line = Self.line(state.bytes[state.start...])
          state.start = state.bytes.count
          return .success(.text(line))
        case .failed(let code):
          return .failure(.failure("cannot read \(name): \(systemMessage(code))"))
        }
        if state.start == 0 { continue }
        // Lines already given need no room.
        searched -= state.start
        state.bytes.removeFirst(state.start)
        state.start = 0
      }
    }
    return try result.get()
  }

  private static func line(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    Array(bytes.last == 0x0D ? bytes.dropLast() : bytes)
  }

  private enum Progress { case more, end, interrupted, failed(Int32) }

  private func fill(_ state: inout State) -> Progress {
    guard let descriptor, !state.isAtEnd else { return .end }
    let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { chunk -> Int in
      let count = read(descriptor, chunk.baseAddress, chunk.count)
      if count > 0 { state.bytes.append(contentsOf: chunk[..<count]) }
      return count
    }
    if count > 0 { return .more }
    if count == 0 {
      // On a terminal Ctrl-D ends this read only; the next one waits again.
      state.isAtEnd = !isTerminal
      return .end
    }
    switch errno {
    case EINTR: return .interrupted
    case EIO: return .end
    case EAGAIN:
      var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      poll(&poller, 1, -1)
      return .more
    case let code: return .failed(code)
    }
  }
}
