// Verdicts over simulated noise with drift: equals raise at most five alarms in a hundred comparisons, and a slowdown of
// five percent of one operation is found and named.

import ApusRuntime
import Testing

@testable import ApusProfile

@Suite struct VerdictTests {
  private static let tests = ["tg32", "tg32 @ d512", "pp128"]

  @Test("equals side by side: at most 5 alarms in 100 comparisons", arguments: [1] as [UInt64])
  func equalsInTurn(_ seed: UInt64) {
    var alarms = 0
    for comparison in 0..<100 {
      var bench = SimulatedBench(seed: seed * 1000 + UInt64(comparison))
      let (first, second) = bench.paired(Self.tests, rounds: 20)
      alarms += Verdict.paired(first, second).isRegression ? 1 : 0
    }
    #expect(alarms <= 5, "seed \(seed): \(alarms) alarms")
  }

  @Test("equals on different days: at most 5 alarms in 100 comparisons", arguments: [3] as [UInt64])
  func equalsLater(_ seed: UInt64) {
    var alarms = 0
    for comparison in 0..<100 {
      var bench = SimulatedBench(seed: seed * 1000 + UInt64(comparison))
      let then = bench.run(Self.tests, rounds: 20)
      bench.wait()
      alarms += Verdict.against(then, bench.run(Self.tests, rounds: 20)).isRegression ? 1 : 0
    }
    #expect(alarms <= 5, "seed \(seed): \(alarms) alarms")
  }

  @Test(
    "5 % more in one operation is found and named", arguments: ["matmul Q4_K", "attention", "matmul Q6_K"])
  func slowdownInTurn(_ operation: String) {
    var found = 0
    for comparison in 0..<20 {
      var bench = SimulatedBench(seed: 5000 + UInt64(comparison))
      let (first, second) = bench.paired(Self.tests, rounds: 30, second: [operation: 1.05])
      let verdict = Verdict.paired(first, second)
      let named = verdict.regressions.compactMap(\.operation)
      found += named.contains(operation) && named.allSatisfy { $0 == operation } ? 1 : 0
      for finding in verdict.regressions where finding.operation == operation {
        #expect(finding.low > 1.0 && finding.high < 1.12, "\(finding.change)")
      }
    }
    #expect(found >= 19, "\(found) of 20")
  }

  @Test("10 % more on another day is found and named", arguments: ["attention", "matmul Q6_K"])
  func slowdownLater(_ operation: String) {
    var found = 0
    for comparison in 0..<20 {
      var bench = SimulatedBench(seed: 6000 + UInt64(comparison))
      let then = bench.run(Self.tests, rounds: 30)
      bench.wait()
      let now = bench.run(Self.tests, rounds: 30, factors: [operation: 1.1])
      found += Verdict.against(then, now).regressions.contains { $0.operation == operation } ? 1 : 0
    }
    #expect(found >= 12, "\(found) of 20")
  }

  @Test func fasterIsNoAlarm() {
    var bench = SimulatedBench(seed: 7)
    let (first, second) = bench.paired(Self.tests, rounds: 20, first: ["attention": 1.2])
    let verdict = Verdict.paired(first, second)
    #expect(!verdict.isRegression)
    #expect(verdict.lines.contains { $0.hasPrefix("faster: tg32: attention") && $0.contains("faster (") })
  }

  @Test("less than the least effect is the same, however sure it is")
  func leastEffect() {
    var bench = SimulatedBench(seed: 8)
    bench.noise = 0.001
    let (first, second) = bench.paired(["tg32"], rounds: 60, second: ["matmul Q4_K": 1.01])
    let verdict = Verdict.paired(first, second)
    let finding = verdict.findings.first { $0.operation == "matmul Q4_K" }
    #expect(finding?.meaning == .same && (finding?.ratio ?? 0) > 1.005)
    #expect(verdict.lines[0].hasPrefix("no difference among"))
  }

  @Test("a machine that became another is said, not blamed")
  func anotherMachine() {
    func series(_ factor: Double, _ memory: Double) -> [BenchSeries] {
      var bench = SimulatedBench(seed: 9)
      bench.noise = 0.01
      bench.moodStep = 0
      var series = bench.run(["tg32"], rounds: 20)
      for index in series[0].rounds.indices {
        series[0].rounds[index].seconds = series[0].rounds[index].seconds.map { $0 * factor }
        series[0].rounds[index].operations = []
        series[0].rounds[index].memory = memory
        series[0].rounds[index].arithmetic = nil
      }
      series[0].operations = []
      return series
    }
    let slow = Verdict.against(series(1, 40e9), series(1.1, 30e9))
    #expect(slow.findings[0].meaning == .doubtful && !slow.isRegression)
    #expect(slow.lines[0].contains("the machine reads memory 33.3 % slower than then"))
    let blamed = Verdict.against(series(1, 40e9), series(1.1, 40e9))
    #expect(blamed.isRegression)
    #expect(blamed.findings[0].remark == "as measured")
  }

  @Test("few rounds are said to be too few, whatever they look like", arguments: 1...8)
  func fewRounds(_ rounds: Int) {
    for seed in 10..<20 as Range<UInt64> {
      var bench = SimulatedBench(seed: seed)
      let (first, second) = bench.paired(["tg32"], rounds: rounds, second: ["attention": 2])
      let expected = "too few rounds to say: \(rounds) cannot show a difference among 7 comparisons"
      let paired = Verdict.paired(first, second)
      #expect(!paired.isRegression, "seed \(seed)")
      #expect(paired.lines.count == 1 && paired.lines[0].hasPrefix(expected), "seed \(seed): \(paired.lines)")
      let days = Verdict.against(first, second)
      #expect(!days.isRegression && days.lines[0].hasPrefix(expected), "seed \(seed): \(days.lines)")
    }
  }

  @Test("what drifts is found when it is beyond all drift", arguments: [1, 3])
  func beyondDrift(_ factor: Double) {
    var bench = SimulatedBench(seed: 13)
    (bench.noise, bench.moodStep) = (0.005, 0.001)
    let (first, second) = bench.paired(["tg32"], rounds: 20)
    var drifting = second
    for round in 0..<20 {
      let climb = factor * exponential(0.02 * Double(round))
      drifting[0].rounds[round].operations[1] = second[0].rounds[round].operations[1].map { $0 * climb }
    }
    let isExpected = factor > 1
    for verdict in [Verdict.paired(first, drifting), Verdict.against(first, drifting)] {
      let finding = verdict.findings.first { $0.operation == "attention" }
      #expect((finding?.meaning == .slower) == isExpected, "\(verdict.lines)")
    }
  }

  @Test("what drifts too much to be judged is counted beside what is judged")
  func fewBlocks() {
    var bench = SimulatedBench(seed: 12)
    var (first, second) = bench.paired(["tg32"], rounds: 40, second: ["matmul Q4_K": 1.5])
    // One operation climbs all the way: forty rounds are worth a few.
    for round in 0..<40 {
      let climb = exponential(0.02 * Double(round))
      second[0].rounds[round].operations[1] = first[0].rounds[round].operations[1].map { $0 * climb }
    }
    let verdict = Verdict.paired(first, second)
    #expect(verdict.isRegression && verdict.shortage == nil)
    #expect(
      verdict.notes.contains { $0.hasPrefix("note: too few rounds to say of 1 of 7 comparisons") },
      "\(verdict.lines)")
  }

  @Test("an operation that was next to nothing and is not any more is looked at")
  func grown() {
    var bench = SimulatedBench(seed: 14)
    let (first, second) = bench.paired(["tg32"], rounds: 20, second: ["embed": 20])
    #expect(Verdict.paired(first, second).regressions.contains { $0.operation == "embed" })
    #expect(Verdict.against(first, second).regressions.contains { $0.operation == "embed" })
  }

  @Test func operationsOfOneSideOnly() {
    var bench = SimulatedBench(seed: 11)
    var (first, second) = bench.paired(["tg32"], rounds: 12)
    first[0].operations[1] = "attention f16"
    second[0].operations[1] = "attention q8_0"
    let notes = Verdict.paired(first, second).notes
    #expect(notes.contains("note: tg32: only the first has attention f16"))
    #expect(notes.contains("note: tg32: only the second has attention q8_0"))
  }

  @Test func words() {
    let finding = Finding(
      test: "pp128", operation: "matmul Q8_0", ratio: 1.051, low: 1.046, high: 1.055, probability: 0.00003,
      share: 0.41, meaning: .slower)
    #expect(finding.change == "5.1 % slower (4.6 to 5.5 %)")
    #expect(
      Verdict(findings: [finding], notes: []).lines == [
        "SLOWER: pp128: matmul Q8_0 is 5.1 % slower (4.6 to 5.5 %); it takes 41.0 % of the time; p = 3e-5"
      ])
    var faster = finding
    (faster.ratio, faster.low, faster.high) = (0.9, 0.88, 0.91)
    #expect(faster.change == "10.0 % faster (9.0 to 12.0 %)")
  }
}
