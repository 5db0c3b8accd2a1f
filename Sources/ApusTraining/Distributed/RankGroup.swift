// What ranks do together, on top of single transfers: wait with a time limit, add numbers in the order of the ranks, agree
// on a failure, hand bytes around. Rank 0 is where everything small meets: it receives in the order of the ranks, and
// what it makes of it goes to all. With one process every call returns at once.

import ApusBasics
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The processes of a run.
package final class RankGroup {
  package let communicator: any Communicator
  /// Seconds without a sign of life after which a rank is given up.
  package let timeout: Double

  /// Ranks may differ much in how long they take to open their inputs, and all wait for the one that saves.
  package var patience: Double { 10 * timeout }

  package init(_ communicator: any Communicator, timeout: Double = 60) {
    precondition(communicator.size >= 1 && timeout > 0)
    self.communicator = communicator
    self.timeout = timeout
  }

  package var rank: Int { communicator.rank }
  package var size: Int { communicator.size }
  package var isFirst: Bool { communicator.rank == 0 }
  package var isAlone: Bool { communicator.size == 1 }

  // MARK: Waiting

  /// Waits for a transfer.
  ///
  /// - Parameters:
  ///   - rank: the other end.
  ///   - awaited: what it is about, for the error.
  ///   - seconds: nil for `timeout`.
  func wait(
    for transfer: Transfer, with rank: Int, _ awaited: String, seconds: Double? = nil
  ) throws(CommunicationError) {
    var pause = Pause(seconds ?? timeout)
    while try !communicator.isDone(transfer) {
      guard pause.next() else {
        throw .silent(rank: rank, by: self.rank, awaited: awaited, seconds: pause.limit)
      }
    }
  }

  func send(
    _ bytes: UnsafeRawBufferPointer, to rank: Int, _ awaited: String, seconds: Double? = nil
  ) throws(CommunicationError) {
    guard bytes.count > 0 else { return }
    try wait(
      for: communicator.send(bytes, to: rank, tag: RankTag.control), with: rank, awaited, seconds: seconds)
  }

  func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from rank: Int, _ awaited: String, seconds: Double? = nil
  ) throws(CommunicationError) {
    guard bytes.count > 0 else { return }
    try wait(
      for: communicator.receive(bytes, from: rank, tag: RankTag.control), with: rank, awaited,
      seconds: seconds)
  }

  // MARK: Numbers

  /// Replaces each value by its sum over all ranks, added in the order of the ranks: the same bits everywhere.
  package func sum(
    _ values: UnsafeMutableBufferPointer<Double>, _ awaited: String, seconds: Double? = nil
  ) throws(CommunicationError) {
    try combine(values, awaited, seconds) { $0 + $1 }
  }

  /// The sums of two numbers over all ranks.
  package func sum(
    _ first: Double, _ second: Double, _ awaited: String
  ) throws(CommunicationError) -> (Double, Double) {
    var values = (first, second)
    try withUnsafeMutableBytes(of: &values) { bytes throws(CommunicationError) in
      try combine(bytes.assumingMemoryBound(to: Double.self), awaited, nil) { $0 + $1 }
    }
    return values
  }

  /// The least of the ranks' numbers.
  package func minimum(_ value: Int, _ awaited: String) throws(CommunicationError) -> Int {
    var least = Double(value)
    try withUnsafeMutableBytes(of: &least) { bytes throws(CommunicationError) in
      try combine(bytes.assumingMemoryBound(to: Double.self), awaited, patience) { min($0, $1) }
    }
    return Int(least)
  }

  private func combine(
    _ values: UnsafeMutableBufferPointer<Double>, _ awaited: String, _ seconds: Double?,
    _ operation: (Double, Double) -> Double
  ) throws(CommunicationError) {
    guard !isAlone, !values.isEmpty else { return }
    if isFirst {
      let others = UnsafeMutableBufferPointer<Double>.allocate(capacity: values.count)
      defer { others.deallocate() }
      for rank in 1..<size {
        try receive(UnsafeMutableRawBufferPointer(others), from: rank, awaited, seconds: seconds)
        for index in values.indices { values[index] = operation(values[index], others[index]) }
      }
    } else {
      try send(UnsafeRawBufferPointer(values), to: 0, awaited, seconds: seconds)
    }
    try broadcast(UnsafeMutableRawBufferPointer(values), awaited, seconds: seconds)
  }

  // MARK: Bytes

  /// Rank 0's bytes for everybody.
  package func broadcast(
    _ bytes: UnsafeMutableRawBufferPointer, _ awaited: String, seconds: Double? = nil
  ) throws(CommunicationError) {
    guard !isAlone else { return }
    guard isFirst else { return try receive(bytes, from: 0, awaited, seconds: seconds) }
    for rank in 1..<size { try send(UnsafeRawBufferPointer(bytes), to: rank, awaited, seconds: seconds) }
  }

  /// Rank 0's text for everybody.
  package func broadcast(_ text: String, _ awaited: String) throws(CommunicationError) -> String {
    guard !isAlone else { return text }
    guard isFirst else { return try receiveText(from: 0, awaited) }
    for rank in 1..<size { try sendText(text, to: rank, awaited) }
    return text
  }

  /// Every rank's text, on rank 0; nothing on the others.
  package func gather(_ text: String, _ awaited: String) throws(CommunicationError) -> [String] {
    guard isFirst else {
      try sendText(text, to: 0, awaited)
      return []
    }
    var texts = [text]
    for rank in 1..<size { texts.append(try receiveText(from: rank, awaited)) }
    return texts
  }

  private func sendText(_ text: String, to rank: Int, _ awaited: String) throws(CommunicationError) {
    let bytes = Array(text.utf8)
    try withUnsafeBytes(of: Int64(bytes.count)) { count throws(CommunicationError) in
      try send(count, to: rank, awaited, seconds: patience)
    }
    let sent = bytes.withUnsafeBytes { buffer in
      Result { () throws(CommunicationError) in try send(buffer, to: rank, awaited, seconds: patience) }
    }
    try sent.get()
  }

  private func receiveText(from rank: Int, _ awaited: String) throws(CommunicationError) -> String {
    var count: Int64 = 0
    try withUnsafeMutableBytes(of: &count) { bytes throws(CommunicationError) in
      try receive(bytes, from: rank, awaited, seconds: patience)
    }
    guard (0...Self.longestText).contains(Int(count)) else {
      throw .call(
        name: "receiving \(awaited)", rank: self.rank, reason: "rank \(rank) speaks another version")
    }
    var bytes = [UInt8](repeating: 0, count: Int(count))
    let received = bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(CommunicationError) in try receive(buffer, from: rank, awaited, seconds: patience) }
    }
    try received.get()
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let longestText = 1 << 20

  // MARK: Failures

  /// Runs something that may fail on some ranks: then it fails on all, with one message. `body` exchanges nothing.
  package func confirm<Value>(_ awaited: String, _ body: () throws -> Value) throws -> Value {
    guard !isAlone else { return try body() }
    let result = Result { try body() }
    var message = ""
    if case .failure(let error) = result { message = "\(error)" }
    try agree(message, awaited)
    return try result.get()
  }

  /// Throws on all ranks if one of them has a message.
  package func agree(_ message: String, _ awaited: String) throws(CommunicationError) {
    guard !isAlone else { return }
    try judge(awaited, try gather(message, awaited)) { _, message in message.isEmpty ? nil : message }
  }

  /// Rank 0 looks at every rank's text; the first that it objects to ends all of them.
  package func judge(
    _ awaited: String, _ texts: [String], _ objection: (_ rank: Int, _ text: String) -> String?
  ) throws(CommunicationError) {
    var verdict = ""
    for (rank, text) in texts.enumerated() where verdict.isEmpty {
      if let objection = objection(rank, text) { verdict = "\(rank) \(objection)" }
    }
    let words = try broadcast(verdict, awaited).split(separator: " ", maxSplits: 1)
    if words.count == 2 { throw .failed(rank: Int(words[0]) ?? 0, message: String(words[1])) }
  }

  /// Runs `body`; an error that not all ranks throw ends the other ranks.
  package func guarding<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch {
      if !isAlone, (error as? CommunicationError)?.isAgreed != true {
        let line = "\(error)"
        let prefix = line.hasPrefix("rank \(rank): ") ? "" : "rank \(rank): "
        // The run ends here, before anybody could show the error.
        _ = Array("\(prefix)\(line)\n".utf8).withUnsafeBytes {
          write(STDERR_FILENO, $0.baseAddress, $0.count)
        }
        communicator.abort()
      }
      throw error
    }
  }
}

/// What a message is about, as a number.
enum RankTag {
  static let control = 1
  static let states = 2
  /// Gradients and weights of bucket b: `buckets + 2 · b`, and that + 1.
  static let buckets = 16
  /// MPI promises tags up to 32,767.
  static let mostBuckets = 16_000
}

/// The pauses of a wait: none at first, then longer ones, and an end.
///
/// Only time in which this process ran counts: when all were suspended together, none has been silent.
struct Pause {
  let limit: Double
  private var tries = 0
  private var last = MonotonicClock.nanoseconds
  private var waited = 0.0

  init(_ limit: Double) {
    self.limit = limit
  }

  /// Pauses; false when the time is over.
  mutating func next() -> Bool {
    tries += 1
    // Most messages come within microseconds; several ranks may share a core, so it is given away soon.
    if tries < 64 { return true }
    if tries < 256 {
      sched_yield()
      return true
    }
    usleep(tries < 2048 ? 50 : 500)
    let now = MonotonicClock.nanoseconds
    waited += min(1, Double(now - last) * 1e-9)
    last = now
    return waited < limit
  }
}
