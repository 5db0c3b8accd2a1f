// Rounds of samples: how many, in which order, and what is left when they are stopped. And that a real engine's workload
// measures its operations, and feels a handicap.

import ApusGraph
import ApusRuntime
import Testing

@testable import ApusProfile

/// Times that are decided beforehand, and a record of who was asked when.
private final class Scripted: Contestant {
  let tests = [BenchTest("a", work: 1), BenchTest("b", work: 1)]
  private let label: String
  private let log: Log
  private let seconds: Double

  final class Log {
    var calls: [String] = []
    var stopAfter = Int.max
  }

  init(_ label: String, _ log: Log, seconds: Double) {
    self.label = label
    self.log = log
    self.seconds = seconds
  }

  func begin() throws { log.calls.append("begin \(label)") }
  func operations(_ test: Int) -> [String] { ["op"] }

  func sample(_ test: Int) throws -> BenchReading {
    if log.calls.count >= log.stopAfter { throw BenchStopped() }
    log.calls.append(label + tests[test].name)
    return BenchReading(seconds: seconds, operations: [seconds / 2])
  }
}

@Suite struct RunnerTests {
  @Test("two contestants take turns, and the first turn changes from round to round")
  func turns() throws {
    let log = Scripted.Log()
    var length = BenchLength()
    length.rounds = 2
    length.sampleSeconds = 0.2
    let runner = BenchRunner([Scripted("A", log, seconds: 0.1), Scripted("B", log, seconds: 0.1)], length)
    let (series, isInterrupted) = try runner.run()
    #expect(
      log.calls == [
        "begin A", "begin B", "Aa", "Ba", "Ba", "Aa", "Ab", "Bb", "Bb", "Ab",
        "begin B", "begin A", "Ba", "Aa", "Aa", "Ba", "Bb", "Ab", "Ab", "Bb",
      ])
    #expect(!isInterrupted && series.count == 2 && series[1].count == 2)
    #expect(series[1][0].rounds.map(\.seconds) == [[0.1, 0.1], [0.1, 0.1]])
    #expect(series[1][0].rounds[0].operations == [[0.05, 0.05]] && series[0][0].operations == ["op"])
  }

  @Test("stopped in the middle, whole rounds of tests are left")
  func stopped() throws {
    let log = Scripted.Log()
    log.stopAfter = 6
    var length = BenchLength()
    length.rounds = 10
    length.mostSamples = 1
    let (series, isInterrupted) = try BenchRunner([Scripted("A", log, seconds: 1)], length).run()
    #expect(isInterrupted && series[0].map(\.rounds.count) == [2, 2])
    log.stopAfter = 0
    let nothing = try BenchRunner([Scripted("A", log, seconds: 1)], length).run()
    #expect(nothing.isInterrupted && nothing.series[0].isEmpty)
  }

  @Test("a budget that is used up ends after the least rounds")
  func budget() throws {
    var length = BenchLength()
    length.budget = 0
    length.leastRounds = 3
    let (series, _) = try BenchRunner([Scripted("A", Scripted.Log(), seconds: 1)], length).run()
    #expect(series[0][0].rounds.count == 3)
  }

  @Test("short rounds get more samples, so that a long budget is used")
  func longBudget() {
    var length = BenchLength()
    length.budget = 200
    length.fill(5)
    #expect(
      length
        == {
          var same = BenchLength(); same.budget = 200; return same
        }())
    length.fill(1)
    #expect(length.sampleSeconds == 0.2 && length.mostSamples == 10 && length.mostRounds == Int.max)
  }

  @Test("a training step tells its operations' times, and a handicap shows in that operation alone")
  func handicap() throws {
    let runtime = try Runtime(options: RuntimeOptions(threads: 1))
    var options = TrainingBenchOptions(.small)
    options.model = .init("gpt2", layers: 1, hidden: 64, heads: 2, context: 32, vocabulary: 512)
    (options.sequences, options.micro, options.length) = (2, 2, 32)
    func shares(_ handicap: Handicap?) throws -> [String: Double] {
      let workload = TrainingWorkload("x", options, runtime, clocksOperations: true, handicap: handicap)
      let contestant = LocalContestant([workload], renews: true, handicap: handicap)
      try contestant.begin()
      // The least of five: a machine that does something else meanwhile does not do so in all of them.
      var least = [Double](repeating: .infinity, count: contestant.operations(0).count)
      for _ in 0..<5 {
        let reading = try contestant.sample(0)
        #expect(reading.seconds > 0 && reading.operations.count == least.count)
        for (index, time) in reading.operations.enumerated() { least[index] = min(least[index], time) }
      }
      return Dictionary(uniqueKeysWithValues: zip(contestant.operations(0), least))
    }
    let plain = try shares(nil)
    let (name, time) = try #require(
      plain.filter { $0.key != TrainingWorkload.rest }.max { $0.value < $1.value })
    // Five times as long stands out of any noise of a test's machine.
    let slowed = try shares(Handicap(name, factor: 5))
    #expect((slowed[name] ?? 0) > 3 * time, "\(name)")
    let others = plain.keys.filter { $0 != name && $0 != TrainingWorkload.rest }
    let (before, after) = (others.reduce(0) { $0 + plain[$1]! }, others.reduce(0) { $0 + (slowed[$1] ?? 0) })
    #expect(after < 2.5 * before)
    #expect(throws: BenchError.self) { try shares(Handicap("matmull", factor: 2)) }
  }
}
