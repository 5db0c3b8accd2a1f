// What it costs to be profiled: the same step with all meters and without, in turns, thousands of times in one process.
// Two runs one after the other could not tell a percent from the machine's moods; neighbours can.

import ApusGraph
import ApusInference
import ApusRuntime
import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A step that can be made again and again, with a profile or without.
package struct ProfiledSteps {
  package let name: String
  let runtime: Runtime
  let plan: Plan
  /// Called before each step, outside of its time.
  let attach: (ExecutionProfile?) -> Void
  let step: () throws -> Void
  /// Called after each step, outside of its time.
  let reset: () -> Void

  /// The next `tokens` of a sequence behind `depth` others, always the same ones.
  ///
  /// - Throws: `InferenceError`.
  package init(_ engine: Engine, tokens: Int, depth: Int) throws {
    let feed = SyntheticFeed(engine)
    let sequences = [engine.makeSequence()]
    while sequences[0].length < depth {
      let left = depth - sequences[0].length
      try feed.step(sequences, tokens: feed.part(of: left, sequences: 1), outputs: 0)
    }
    name = (tokens == 1 ? "tg1" : "pp\(tokens)") + (depth > 0 ? " @ d\(depth)" : "")
    runtime = engine.runtime
    plan = engine.plan
    attach = { engine.profile = $0 }
    step = { try feed.step(sequences, tokens: tokens, outputs: 1) }
    reset = { sequences[0].truncate(to: depth) }
  }

  /// A step of training, with its optimiser.
  package init(_ bench: TrainingBench, _ runtime: Runtime) {
    let learner = bench.learner
    let parts = PartMeter(runtime.workers, steps: 10_000)
    name = "train \(bench.options.tokens) tokens"
    self.runtime = runtime
    plan = learner.engine.plan
    attach = { profile in
      learner.engine.profile = profile
      learner.partBegins = profile == nil ? nil : parts.begin
    }
    step = { try bench.step() }
    reset = {}
  }
}

/// How much longer steps take when they are profiled.
package struct ProfilingOverhead: Sendable, Equatable {
  /// The most a profile may cost, of the time without.
  package static let bar = 0.01

  package let test: String
  /// The median step without a profile.
  package let seconds: Double
  /// Fours of steps that were compared: without, with, with, without, and the other way round.
  package let fours: Int
  /// The time it adds, as a share, and a range that covers it with 95 %.
  package let share: Double
  package let low: Double
  package let high: Double
  /// Times that all threads look at a clock in a step, and seconds that a look takes.
  package let looks: Int
  package let lookSeconds: Double

  /// Whether it is beyond doubt that it costs more than it may.
  package var isTooMuch: Bool { low > Self.bar }

  /// Measures until it took `seconds`, at least a few fours.
  ///
  /// - Parameters:
  ///   - options: what is asked for in a profile; machine limits are not measured.
  ///   - counting: turns on and off what is not a meter of a step's own, before each step.
  /// - Returns: nil if it was stopped before there was anything to say.
  /// - Throws: what steps throw.
  package static func measure(
    _ steps: ProfiledSteps, seconds: Double, _ options: GatherOptions, counting: (Bool) -> Void = { _ in }
  ) throws -> ProfilingOverhead? {
    var options = options
    let unknown = Ceiling(threads: 1, f32: 0, bf16: nil, int8: nil, readBytes: 0)
    options.ceilings = Ceilings(single: unknown, all: unknown)
    let recorder = try Recorder(steps.runtime, options)
    let workers = steps.runtime.workers.count
    let execution = ExecutionProfile(
      steps.plan, workers: workers, spans: recorder.spans(phases: 2), mayStride: true)
    defer {
      steps.attach(nil)
      steps.runtime.workers.measure()
      counting(false)
    }
    func time(_ isProfiled: Bool) throws -> Double {
      steps.attach(isProfiled ? execution : nil)
      counting(isProfiled)
      defer { steps.reset() }
      let seconds = try MonotonicClock.seconds {
        if isProfiled { try recorder.step(steps.step) } else { try steps.step() }
      }
      execution.settle()
      return seconds
    }
    for _ in 0..<4 { _ = (try time(false), try time(true)) }
    let looks = try looks(steps)
    var ratios: [Double] = []
    var plain: [Double] = []
    let start = MonotonicClock.nanoseconds
    while ratios.count < leastFours || Double(MonotonicClock.nanoseconds - start) < seconds * 1e9 {
      guard recorder.goesOn else { break }
      let inner = ratios.count % 2 == 0
      let outside = try time(!inner)
      let inside = (try time(inner), try time(inner))
      let last = try time(!inner)
      let ratio = log(inside.0 * inside.1 / (outside * last)) / 2
      ratios.append(inner ? ratio : -ratio)
      plain += inner ? [outside, last] : [inside.0, inside.1]
    }
    guard let shift = shift(ratios) else { return nil }
    return ProfilingOverhead(
      test: steps.name, seconds: plain.middle, fours: ratios.count, share: exp(shift.estimate) - 1,
      low: exp(shift.interval.low) - 1, high: exp(shift.interval.high) - 1, looks: looks,
      lookSeconds: lookSeconds())
  }

  private static let leastFours = 8

  /// From logarithms of ratios in their order: medians of neighbours, which few outliers change, then signed ranks.
  static func shift(_ ratios: [Double]) -> Shift? {
    let size = max(1, ratios.count / 64)
    let medians = stride(from: 0, to: ratios.count / size * size, by: size).map {
      Array(ratios[$0..<$0 + size]).middle
    }
    return Shift.paired(medians)
  }

  /// Every look ends a span, but for those at the beginning and the end of each run of the executor, two clocks each; the
  /// last spans of all workers end with one look.
  private static func looks(_ steps: ProfiledSteps) throws -> Int {
    let execution = ExecutionProfile(
      steps.plan, workers: steps.runtime.workers.count, spans: 1000 + 20 * steps.plan.phases.count)
    steps.attach(execution)
    defer { steps.reset() }
    try steps.step()
    let ends = execution.timeline.map(\.end)
    let last = ends.max() ?? 0
    return ends.count { $0 < last } + 4 * execution.runs
  }

  private static func lookSeconds() -> Double {
    let clock = TickClock()
    var sum: UInt64 = 0
    let seconds = (0..<9).map { _ in
      MonotonicClock.seconds { for _ in 0..<10_000 { sum &+= clock.now } } / 10_000
    }
    // Read, or the loops would be left out.
    return sum == 0 ? 0 : seconds.middle
  }
}
