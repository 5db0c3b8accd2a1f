// The records of a run: JSON lines and TensorBoard's files, killed and resumed, and series of any length.

import ApusBasics
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

func sampleRecord(_ loss: Double) -> StepRecord {
  StepRecord(
    loss: loss, learningRate: 1e-3, gradientNorm: 0.75, tokens: 40_960, tokensPerSecond: 12_345.5,
    peakShare: 0.625,
    memory: 1_500_000_000)
}

/// One event of each kind.
func sampleEvents() -> [RunEvent] {
  var configuration = TrainingConfiguration()
  configuration.steps = 300
  configuration.data.train = ["a<b>.txt"]
  return [
    RunEvent(
      step: 0,
      .start(
        RunStart(configuration: configuration, facts: [.init("processor", "Ape & Co")], totalSteps: 300)),
      time: 999),
    RunEvent(step: 10, .step(sampleRecord(3.25)), time: 1000.5),
    RunEvent(step: 10, .checkpoint(name: "step-000010"), time: 1000.75),
    RunEvent(step: 20, .step(sampleRecord(3)), time: 1001),
    RunEvent(step: 20, .note("slow \"disk\""), time: 1001.125),
    RunEvent(step: 300, .evaluation(EvaluationRecord(loss: 3.5, bitsPerByte: 1.25)), time: 1001.25),
    RunEvent(step: 70_000, .sample(prompt: "Once é\n", text: "<upon> a time"), time: 1002),
    RunEvent(step: 70_000, .end("all steps are done"), time: 1003),
  ]
}

struct RunEventTests {
  @Test(arguments: sampleEvents().indices)
  func thereAndBack(_ index: Int) throws {
    let event = sampleEvents()[index]
    #expect(RunEvent(json: try JSONValue(parsing: event.json.serialized())) == event)
  }

  /// What is not finite is null in JSON and NaN again.
  @Test func notFinite() throws {
    let event = RunEvent(step: 1, .step(sampleRecord(.infinity)), time: 5)
    #expect(event.json["loss"] == .double(.infinity))
    let read = try #require(RunEvent(json: try JSONValue(parsing: event.json.serialized())))
    guard case .step(let record) = read.kind else { return #expect(Bool(false)) }
    #expect(record.loss.isNaN && record.gradientNorm == 0.75)
  }

  @Test func notEvents() throws {
    for text in [
      "{}", "[]", "{\"event\": \"dance\", \"step\": 1, \"time\": 1}", "{\"event\": \"note\", \"step\": 1}",
    ] {
      #expect(RunEvent(json: try JSONValue(parsing: text)) == nil)
    }
  }

  @Test func bitsPerByte() {
    // A token of two bytes at ln 4 nats is two bits, one a byte.
    let record = EvaluationRecord(loss: 1.3862943611198906, tokens: 10, bytes: 20)
    #expect(abs((record.bitsPerByte ?? 0) - 1) < 1e-15)
    #expect(EvaluationRecord(loss: 1, tokens: 10, bytes: 0).bitsPerByte == nil)
  }
}

struct JSONLinesLogTests {
  private static func write(_ events: [RunEvent], to path: String, keepingThrough step: Int?) throws
    -> [RunEvent]
  {
    var kept: [RunEvent] = []
    var log = try JSONLinesLog(path: path, keepingThrough: step) { kept.append($0) }
    for event in events { try log.record(event) }
    return kept
  }

  /// A run that is killed in the middle of a line and goes on from step 10 has no step twice.
  @Test(arguments: ["", "{\"event\": \"st", "\u{0}\u{0}\u{0}"])
  func resuming(_ torn: String) throws {
    let folder = ScratchDirectory()
    let path = folder.file("log.jsonl")
    let events = sampleEvents()
    #expect(try Self.write(Array(events[..<5]), to: path, keepingThrough: nil) == [])
    let whole = try #require(readFile(path))
    folder.write("log.jsonl", whole + Array(torn.utf8))
    #expect(try Self.write(Array(events[3...]), to: path, keepingThrough: 10) == Array(events[..<3]))
    var expected: [UInt8] = []
    for event in events {
      event.json.append(to: &expected)
      expected.append(0x0A)
    }
    #expect(readFile(path) == expected)
    // A new run in the old folder begins a new log.
    #expect(try Self.write([events[0]], to: path, keepingThrough: nil) == [])
    #expect(readFile(path)?.count == events[0].json.serialized().utf8.count + 1)
  }

  /// Lines of others stay where they are.
  @Test func strangers() throws {
    let folder = ScratchDirectory()
    let path = folder.write("log.jsonl", Array("# mine\n{\"a\": 1}\n".utf8))
    #expect(try Self.write([sampleEvents()[1]], to: path, keepingThrough: 5) == [])
    #expect(readFile(path)?.starts(with: Array("# mine\n{\"a\": 1}\n{\"event\"".utf8)) == true)
  }

  /// A disk that is full takes no part of a line.
  @Test func aFullDisk() async {
    await #expect(processExitsWith: .success) {
      ProcessFaults.install()
      let folder = ScratchDirectory()
      let path = folder.file("log.jsonl")
      var limit = rlimit(rlim_cur: 300, rlim_max: 1000)
      precondition(setFileSizeLimit(&limit) == 0)
      var log = try JSONLinesLog(path: path, keepingThrough: nil)
      let event = RunEvent(step: 1, .note(String(repeating: "x", count: 100)), time: 1)
      for _ in 0..<2 { try log.record(event) }
      do throws(FileError) {
        try log.record(event)
        preconditionFailure("beyond the limit")
      } catch {}
      limit.rlim_cur = 1000
      precondition(setFileSizeLimit(&limit) == 0)
      try log.record(event)
      let line = event.json.serialized() + "\n"
      precondition(readFile(path) == Array(String(repeating: line, count: 3).utf8))
    }
  }
}

struct TensorBoardLogTests {
  /// The events of Tests/Fixtures/tensorboard_events.py.
  private static var events: [RunEvent] {
    let events = sampleEvents()
    return [events[1], events[2], events[4], events[5], events[6], events[7]]
  }

  /// The same bytes as TensorBoard's own writer makes.
  @Test func sameBytes() throws {
    let folder = ScratchDirectory()
    let path = folder.file(TensorBoardLog.fileName)
    var log = try TensorBoardLog(path: path, keepingThrough: nil, time: 1000)
    for event in Self.events { try log.record(event) }
    let expected = try #require(readFile(Fixtures.path("training/events.tfevents")))
    #expect(readFile(path) == expected)
  }

  /// After a kill the torn record and those of later steps go, and nothing else.
  @Test(arguments: [0, 10, 299, 300, 69_999, 70_000])
  func resuming(_ step: Int) throws {
    let folder = ScratchDirectory()
    let expected = try #require(readFile(Fixtures.path("training/events.tfevents")))
    for torn in [0, 5, 13, 40] {
      let path = folder.write("events", expected + expected.suffix(100).prefix(torn))
      var log = try TensorBoardLog(path: path, keepingThrough: step, time: 1000)
      for event in Self.events where event.step > step { try log.record(event) }
      #expect(readFile(path) == expected, "step \(step), torn \(torn)")
    }
    // A record with a flipped bit, and what follows it.
    var bytes = expected
    bytes[80] ^= 1
    let path = folder.write("events", bytes)
    _ = try TensorBoardLog(path: path, keepingThrough: step, time: 1000)
    let kept = try #require(readFile(path))
    #expect(expected.starts(with: kept) && kept.count < 80 && kept.count > 20)
  }

  @Test func varints() {
    var message = ProtocolBuffer()
    message.add(1, 127)
    message.add(16, 300)
    message.add(2) { $0.add(1, "ab") }
    #expect(message.bytes == [0x08, 0x7F, 0x80, 0x01, 0xAC, 0x02, 0x12, 4, 0x0A, 2, 0x61, 0x62])
  }
}

struct RunLogTests {
  @Test func everything() throws {
    let run = RunFolder()
    let settings = TrainingConfiguration.Log()
    do {
      let log = try RunLog(directory: run.path, settings: settings, resumingAt: nil)
      for event in sampleEvents() { #expect(log.record(event) == []) }
    }
    #expect(run.names == ["log.jsonl", "report.html", "tensorboard"])
    let first = try #require(run.read("report.html"))
    let lines = run.read("log.jsonl")
    // The same events again after a kill: the same files.
    let log = try RunLog(directory: run.path, settings: settings, resumingAt: 10)
    for event in sampleEvents()[3...] { #expect(log.record(event) == []) }
    #expect(run.read("log.jsonl") == lines)
    #expect(run.read("report.html") == first)
    let nothing = RunFolder()
    var none = settings
    (none.jsonl, none.tensorboard, none.html) = (false, false, false)
    let silent = try RunLog(directory: nothing.path, settings: none, resumingAt: nil)
    for event in sampleEvents() { #expect(silent.record(event) == []) }
    #expect(nothing.names == [])
  }

  /// What cannot be written is told once, and does not stop anything.
  @Test func problems() throws {
    let run = RunFolder()
    let log = try RunLog(directory: run.path, settings: TrainingConfiguration.Log(), resumingAt: nil)
    #expect(log.record(sampleEvents()[0]) == [])
    remove(run.path + "/report.html")
    mkdir(run.path + "/report.html", 0o777)
    let problems = log.record(sampleEvents()[5])
    #expect(problems.count == 1 && problems[0].hasSuffix("training goes on without it"))
    #expect(log.record(sampleEvents()[5]) == [])
    rmdir(run.path + "/report.html")
    #expect(log.record(sampleEvents()[5]) == [])
    #expect(run.read("report.html") != nil)
  }
}

struct ThinnedSeriesTests {
  /// However long, a series has at most its capacity of points, and keeps mean, extremes and the last step.
  @Test(arguments: [0, 1, 1023, 1024, 1025, 5000, 100_000])
  func thinning(_ count: Int) {
    var series = ThinnedSeries()
    for step in 0..<count { series.append(step, Double(step % 7)) }
    #expect(series.points.count <= ThinnedSeries.capacity)
    #expect(series.points.count >= min(count, ThinnedSeries.capacity / 2))
    #expect(series.points.reduce(0) { $0 + $1.count } == count)
    guard count > 0 else { return }
    #expect(series.points.last?.step == count - 1)
    let sum = series.points.reduce(0) { $0 + $1.mean * Double($1.count) }
    let expected = Double((0..<count).reduce(0) { $0 + $1 % 7 })
    #expect(abs(sum - expected) <= 1e-9 * expected)
    #expect(series.points.allSatisfy { $0.low <= $0.mean && $0.mean <= $0.high })
    if count > 5000 { #expect(series.points.allSatisfy { $0.low == 0 && $0.high == 6 }) }
  }

  @Test func strangeValues() {
    var series = ThinnedSeries()
    for value in [Double.nan, .infinity, -.infinity, 1e200] { series.append(1, value) }
    #expect(series.points == [])
  }
}
