// A program that judges: lines go in, as many lines come out, within a time limit. What the lines mean is CommandReward's.

import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A running program. It ends with this object, and all that it has started with it.
final class RewardProcess {
  private let command: String
  private let process: pid_t
  private let input: Int32
  private let output: Int32
  private var bytes: [UInt8] = []
  private var isOver = false

  /// Milliseconds of a wait, after which it is asked whether anybody still waits.
  private static let patience: UInt64 = 100
  /// Longer lines are no numbers.
  private static let longestLine = 1 << 16
  /// What is shown of a line in an error.
  static let shownBytes = 80

  /// Starts the shell with `command`; what it says on standard error goes where this program's errors go.
  init(_ command: String) throws(RewardError) {
    self.command = command
    guard let into = Subprocess.quietPipe() else {
      throw .notStarted(command: command, reason: errorText(errno))
    }
    guard let from = Subprocess.pipe() else {
      let reason = errorText(errno)
      for descriptor in [into.reading, into.writing] { close(descriptor) }
      throw .notStarted(command: command, reason: reason)
    }
    let result = Subprocess.start(
      "/bin/sh", ["-c", command], descriptors: [into.reading, from.writing])
    for descriptor in [into.reading, from.writing] { close(descriptor) }
    (input, output) = (into.writing, from.reading)
    switch result {
    case .success(let process): self.process = process
    case .failure(let failure):
      process = 0
      isOver = true
      throw .notStarted(command: command, reason: errorText(failure.code))
    }
  }

  deinit {
    close(input)
    close(output)
    if !isOver { Subprocess.end(group: process) }
  }

  /// Writes `text`, lines that are answers, and reads as many.
  ///
  /// - Parameters:
  ///   - seconds: for all of it.
  ///   - isOver: asked now and then, whether nobody waits any more.
  /// - Throws: `RewardError`; the program is of no use then.
  func exchange(
    _ text: [UInt8], lines count: Int, seconds: Double, _ isOver: () -> Bool = { false }
  ) throws(RewardError) -> [String] {
    // What came after the answers to the last lines would be taken for the answers to these.
    try refuseMore()
    let deadline = MonotonicClock.nanoseconds + UInt64(seconds * 1e9)
    var (rest, lines) = (text[...], [String]())
    while lines.count < count {
      let now = MonotonicClock.nanoseconds
      guard !isOver() else { throw .interrupted }
      guard now < deadline else {
        throw .tooSlow(command: command, seconds: seconds, judged: lines.count, answers: count)
      }
      var polled = [pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
      if !rest.isEmpty { polled.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0)) }
      // Rounded up: not to spin through the last millisecond.
      let found = poll(
        &polled, nfds_t(polled.count), Int32(min(Self.patience, (deadline - now) / 1_000_000 + 1)))
      guard found > 0 else { continue }
      if polled.count > 1, polled[1].revents != 0 {
        let sent = rest.withUnsafeBytes { Subprocess.send($0, to: input) }
        if sent > 0 {
          rest = rest.dropFirst(sent)
        } else if errno != EAGAIN, errno != EINTR {
          // It reads no more: its output says what became of it.
          rest = []
        }
      }
      if polled[0].revents != 0 { try take(&lines, count) }
    }
    try refuseMore()
    return lines
  }

  /// Makes sure that nothing is there to read which nobody asked for.
  private func refuseMore() throws(RewardError) {
    var polled = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    if poll(&polled, 1, 0) > 0, polled.revents & Int16(POLLIN) != 0 {
      var none: [String] = []
      try take(&none, 0)
    }
    if !bytes.isEmpty { throw .tooManyLines(command: command, line: Self.shown(bytes)) }
  }

  /// Takes what there is to read.
  private func take(_ lines: inout [String], _ count: Int) throws(RewardError) {
    let length = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { chunk in
      let length = read(output, chunk.baseAddress!, chunk.count)
      if length > 0 { bytes.append(contentsOf: chunk[..<length]) }
      return length
    }
    if length < 0, errno == EINTR { return }
    guard length > 0 else {
      isOver = true
      throw .ended(
        command: command, how: Subprocess.end(group: process), judged: lines.count, answers: count)
    }
    while let newline = bytes.firstIndex(of: UInt8(ascii: "\n")) {
      guard lines.count < count else {
        throw .tooManyLines(command: command, line: Self.shown(bytes[..<newline]))
      }
      lines.append(String(decoding: bytes[..<newline], as: UTF8.self))
      bytes.removeFirst(newline + 1)
    }
    guard bytes.count <= Self.longestLine else {
      throw .badLine(command: command, line: Self.shown(bytes), answer: lines.count + 1)
    }
  }

  private static func shown(_ line: some Collection<UInt8>) -> String {
    String(decoding: line.prefix { $0 != UInt8(ascii: "\n") }.prefix(shownBytes), as: UTF8.self)
  }
}
