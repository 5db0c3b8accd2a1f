// What profiling costs, found where it is known.

import ApusRuntime
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@testable import ApusProfile

@Suite struct ProfilingOverheadTests {
  @Test("a known cost is found within its range, whatever single steps do", arguments: [0, 0.01, 0.2])
  func knownCost(_ cost: Double) throws {
    let random = Philox(key: 5)
    let truth = log(1 + cost)
    let ratios = (0..<2000).map { index in
      let noise = 0.1 * (Double(random.uniform(UInt64(index))) - 0.5)
      // One in fifty was interrupted, with the profiler or without.
      let outlier = index % 50 == 0 ? (index % 100 == 0 ? 1.0 : -1.0) : 0
      return truth + noise + outlier
    }
    let shift = try #require(ProfilingOverhead.shift(ratios))
    #expect(shift.interval.low <= truth && truth <= shift.interval.high, "\(shift)")
    #expect(shift.interval.high - shift.interval.low < 0.01, "\(shift)")
    #expect(ProfilingOverhead.shift([]) == nil)
  }

  @Test("steps of an engine: what slows the profiled ones alone is seen, and looks at clocks are counted")
  func slowed() throws {
    let engine = try tinyEngine(threads: 2)
    let steps = try ProfiledSteps(engine, tokens: 1, depth: 8)
    #expect(steps.name == "tg1 @ d8")
    var turns: [Bool] = []
    var options = quickOptions()
    // Part of what is timed, twice for each profiled step.
    options.allocations = {
      let start = MonotonicClock.nanoseconds
      while MonotonicClock.nanoseconds - start < 2_000_000 {}
      return 0
    }
    let cost = try #require(
      try ProfilingOverhead.measure(steps, seconds: 0, options) { turns.append($0) })
    #expect(cost.fours == 8 && cost.isTooMuch, "\(cost)")
    // Every phase ends with a look of at least one worker.
    #expect(cost.looks >= engine.plan.phases.count && cost.looks < 20 * engine.plan.phases.count, "\(cost)")
    #expect(cost.seconds > 0 && cost.lookSeconds > 0 && cost.lookSeconds < 1e-4)
    // Eight to warm up, then fours that begin without and with in turn; off at the end.
    let fours = [false, true, true, false, true, false, false, true]
    var expected: [Bool] = []
    for _ in 0..<4 { expected += [false, true] }
    for _ in 0..<4 { expected += fours }
    expected.append(false)
    #expect(turns == expected)
    #expect(engine.profile == nil)
  }

  @Test("prompts of several steps before; stopped before the first four there is nothing to say")
  func stopped() throws {
    let steps = try ProfiledSteps(tinyEngine(threads: 1), tokens: 16, depth: 40)
    var options = quickOptions()
    options.shouldStop = { true }
    #expect(try ProfilingOverhead.measure(steps, seconds: 60, options) == nil)
  }

  @Test func training() throws {
    let runtime = try runtime(threads: 2)
    var options = TrainingBenchOptions(.small)
    options.model = .init("gpt2", layers: 1, hidden: 32, heads: 2, context: 8, vocabulary: 64)
    (options.sequences, options.micro, options.length) = (2, 2, 8)
    let steps = ProfiledSteps(try TrainingBench(options, runtime), runtime)
    let cost = try #require(try ProfilingOverhead.measure(steps, seconds: 0, quickOptions()))
    #expect(cost.test == "train 16 tokens" && cost.fours == 8 && cost.looks > 0)
  }
}
