// A child process with a pipe in each direction. What it says on standard error is kept for when it fails.

import ApusBasics
import ApusProfile
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A running program. It ends, at the latest, when this does: its input ends, and it is waited for.
final class ChildProcess {
  /// The most bytes of a line: names of a few thousand operations.
  private static let longestLine = 4 << 20

  private let program: String
  private let process: pid_t
  private let input: Int32
  private let output: Int32
  private let errors: Int32
  private var bytes: [UInt8] = []

  /// Starts `program` with the words given, and the environment with the variables given.
  ///
  /// - Throws: `BenchError.rival` when it cannot be started.
  init(_ program: String, _ words: [String], _ environment: [String: String]) throws(BenchError) {
    self.program = program
    let pipes = (Subprocess.pipe(), Subprocess.pipe(), Subprocess.pipe())
    guard let into = pipes.0, let from = pipes.1, let complaints = pipes.2 else {
      throw .rival(program: program, problem: "no pipe: \(systemMessage(errno))")
    }
    (input, output, errors) = (into.writing, from.reading, complaints.reading)
    let result = Subprocess.start(
      program, words, environment: environment, descriptors: [into.reading, from.writing, complaints.writing])
    for descriptor in [into.reading, from.writing, complaints.writing] { close(descriptor) }
    switch result {
    case .success(let process): self.process = process
    case .failure(let failure):
      for descriptor in [into.writing, from.reading, complaints.reading] { close(descriptor) }
      throw .rival(program: program, problem: "cannot be run: \(systemMessage(failure.code))")
    }
  }

  deinit {
    close(input)
    close(output)
    close(errors)
    // A sample it may be in the middle of is of no use to anybody.
    kill(process, SIGTERM)
    Subprocess.wait(process)
  }

  /// Writes to its input.
  func send(_ text: String) throws(BenchError) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        throw .rival(program: program, problem: "it ended: \(ending([]))")
      }
    }
  }

  /// The next line of its output, without the newline; empty when there is none any more.
  ///
  /// - Throws: `BenchStopped` as soon as `isStopped` says so.
  func readLine(_ isStopped: () -> Bool) throws -> [UInt8] {
    var searched = 0
    while true {
      if let newline = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { bytes.removeFirst(newline + 1) }
        return Array(bytes[..<newline])
      }
      searched = bytes.count
      guard searched <= Self.longestLine else { return bytes }
      if isStopped() { throw BenchStopped() }
      // A signal may meet another thread than this one: nobody waits longer than this for it.
      var poller = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&poller, 1, 100) != 0 else { continue }
      let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { chunk in
        let count = read(output, chunk.baseAddress, chunk.count)
        if count > 0 { bytes.append(contentsOf: chunk[..<count]) }
        return count
      }
      if count == 0 {
        defer { bytes = [] }
        return bytes
      }
    }
  }

  /// What it said last: on standard error, or else `line`.
  func ending(_ line: [UInt8]) -> String {
    var said: [UInt8] = []
    // Whoever fails says so at once; whoever lives on is not waited for.
    var poller = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
    if poll(&poller, 1, 500) > 0 {
      withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { chunk in
        let count = read(errors, chunk.baseAddress, chunk.count)
        if count > 0 { said = Array(chunk[..<count]) }
      }
    }
    let text = String(decoding: said.isEmpty ? Array(line.prefix(200)) : said, as: UTF8.self)
    guard let last = text.split(whereSeparator: \.isNewline).last else { return "it says nothing" }
    return "it says '\(visible(String(last)))'"
  }
}
