// A comparison's processes: each measures when it is told to, so that two of them can take turns sample by sample. The
// first line of a child is a result without times: what it measures, on which machine, of which version. Then for each
// number of a test on a line it answers with a line of times. It ends when its input does.

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

/// The side that measures.
enum BenchChild {
  static func serve(
    _ values: Values, _ request: BenchRequest, _ console: Console, _ interrupt: Interrupt
  ) throws {
    let subject = try BenchSubject(values, request, console, isStopped: { interrupt.isRequested })
    let contestant = subject.contestant(renews: false)
    try contestant.begin()
    var record = subject.record(time: wallClock())
    record.tests = contestant.tests.enumerated().map { index, test in
      var series = BenchSeries(test)
      series.operations = contestant.operations(index)
      return series
    }
    try send(record.json, console)
    while case .text(let line) = try console.input.readLine() {
      guard let test = Int(line), contestant.tests.indices.contains(test) else {
        throw CommandError.failure("'\(visible(line))' is no number of a test")
      }
      let reading = try contestant.sample(test)
      try send(
        .members(["seconds": nanoseconds([reading.seconds]), "operations": nanoseconds(reading.operations)]),
        console)
    }
  }

  private static func send(_ document: JSONValue, _ console: Console) throws {
    try console.line(document.serialized())
    try console.output.flush()
  }
}

/// The side that asks: a program that is started anew for each round.
final class ChildContestant: Contestant {
  private let program: String
  private let words: [String]
  private let environment: [String: String]
  private let isStopped: () -> Bool
  private var process: ChildProcess?
  /// Whether the process has not been measured yet.
  private var isFresh = false
  /// The places of `tests` among those of the program.
  private var places: [Int] = []
  private var operationNames: [[String]] = []
  /// What the program said of itself.
  private(set) var record: BenchRecord
  private(set) var tests: [BenchTest] = []

  /// Starts the program for the first time.
  init(
    _ program: String, _ words: [String], environment: [String: String], isStopped: @escaping () -> Bool
  ) throws {
    self.program = program
    self.words = words
    self.environment = environment
    self.isStopped = isStopped
    let (process, record) = try Self.start(program, words, environment, isStopped)
    self.process = process
    self.record = record
    isFresh = true
    tests = record.tests.map(\.test)
    operationNames = record.tests.map(\.operations)
    places = Array(tests.indices)
  }

  /// Leaves out the tests that the other does not have.
  func keep(_ names: [String]) {
    places = tests.indices.filter { names.contains(tests[$0].name) }
    tests = places.map { tests[$0] }
  }

  func begin() throws {
    if isFresh {
      isFresh = false
      return
    }
    process = nil
    let (process, record) = try Self.start(program, words, environment, isStopped)
    guard record.tests.map(\.test.name) == self.record.tests.map(\.test.name) else {
      throw BenchError.rival(
        program: program, problem: "it measures something else than when it was first started")
    }
    self.process = process
  }

  func operations(_ test: Int) -> [String] { operationNames[places[test]] }

  func sample(_ test: Int) throws -> BenchReading {
    guard let process else { preconditionFailure("a round begins before it is measured") }
    try process.send("\(places[test])\n")
    let line = try process.readLine(isStopped)
    guard let document = try? JSONValue(parsing: line),
      let seconds = document["seconds"]?.array?.first?.double,
      let operations = document["operations"]?.array?.compactMap(\.double),
      operations.count == operationNames[places[test]].count, seconds > 0
    else {
      throw BenchError.rival(
        program: program, problem: "it answers something else than times: \(process.ending(line))")
    }
    return BenchReading(seconds: seconds * 1e-9, operations: operations.map { $0 * 1e-9 })
  }

  private static func start(
    _ program: String, _ words: [String], _ environment: [String: String], _ isStopped: () -> Bool
  ) throws -> (ChildProcess, BenchRecord) {
    let process = try ChildProcess(program, words, environment)
    let line = try process.readLine(isStopped)
    guard !line.isEmpty, let document = try? JSONValue(parsing: line) else {
      throw BenchError.rival(
        program: program, problem: "it does not measure on request: \(process.ending(line))")
    }
    do {
      return (process, try BenchRecord(document, path: program))
    } catch {
      let version =
        document["version"]?.string.map { "version \(visible($0)) of apus" } ?? "something else than apus"
      throw BenchError.rival(program: program, problem: "\(version) speaks otherwise (\(error))")
    }
  }
}
