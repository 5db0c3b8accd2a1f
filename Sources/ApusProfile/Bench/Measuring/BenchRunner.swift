// Rounds of samples: every round takes each test once, a few samples side by side, so that the machine's slow changes meet
// all tests and all contestants alike. Between the tests it asks what the machine itself does at that moment.

import ApusRuntime

/// How long to measure.
package struct BenchLength: Sendable, Equatable {
  /// Rounds, or as many as fit `budget`.
  package var rounds: Int?
  /// Seconds.
  package var budget = 60.0
  /// Samples of a test in a round: as many as take `sampleSeconds`, at least one and at most `mostSamples`.
  package var sampleSeconds = 0.1
  package var mostSamples = 5
  /// Fewer rounds say nothing.
  package var leastRounds = 5
  /// With more, longer ones are better.
  package var mostRounds = 100

  package init() {}

  /// Takes more samples in a round, where the most rounds would be over long before the budget is.
  mutating func fill(_ roundSeconds: Double) {
    let factor = budget / (Double(mostRounds) * max(1e-3, roundSeconds))
    guard rounds == nil, factor > 1 else { return }
    sampleSeconds *= factor
    mostSamples = min(20, Int(Double(mostSamples) * factor))
    mostRounds = Int.max
  }
}

/// Measures contestants side by side.
package struct BenchRunner {
  private let contestants: [any Contestant]
  private let length: BenchLength
  private let meter: LimitMeter?
  private let isStopped: () -> Bool
  private let progress: (_ done: Double, _ test: String) -> Void

  /// - Parameters:
  ///   - contestants: one, or two that are compared.
  ///   - meter: measures the machine between the tests.
  ///   - isStopped: asked between samples.
  ///   - progress: told the share that is done and what is measured now.
  package init(
    _ contestants: [any Contestant], _ length: BenchLength, meter: LimitMeter? = nil,
    isStopped: @escaping () -> Bool = { false }, progress: @escaping (Double, String) -> Void = { _, _ in }
  ) {
    self.contestants = contestants
    self.length = length
    self.meter = meter
    self.isStopped = isStopped
    self.progress = progress
  }

  /// What was measured, for each contestant, and whether it was stopped before its end. Tests without a single round are
  /// left out.
  package func run() throws -> (series: [[BenchSeries]], isInterrupted: Bool) {
    var series = contestants.map { $0.tests.map(BenchSeries.init) }
    var isInterrupted = false
    do {
      try measure(&series)
    } catch is BenchStopped {
      isInterrupted = true
    } catch {
      // What ends a child also makes its pipe fail.
      guard isStopped() else { throw error }
      isInterrupted = true
    }
    return (series.map { $0.filter { !$0.rounds.isEmpty } }, isInterrupted)
  }

  private func measure(_ series: inout [[BenchSeries]]) throws {
    let start = MonotonicClock.nanoseconds
    func elapsed() -> Double { Double(MonotonicClock.nanoseconds - start) * 1e-9 }
    var length = length
    var round = 0
    var latest = 0.0
    while round < length.rounds ?? length.mostRounds {
      if length.rounds == nil, round >= length.leastRounds, elapsed() + latest > length.budget { return }
      let begin = elapsed()
      // Who comes first finds the memory as it is, who comes second as the first left it.
      for place in contestants.indices { try contestants[(round + place) % contestants.count].begin() }
      var limits = try sampleLimits()
      let tests = contestants[0].tests
      for test in tests.indices {
        let part = (Double(round) + Double(test) / Double(tests.count)) / Double(length.rounds ?? 1)
        progress(length.rounds != nil ? part : min(1, elapsed() / length.budget), tests[test].name)
        var taken = try samples(of: test, startingWith: round % contestants.count, length)
        let after = try sampleLimits()
        for contestant in contestants.indices {
          taken[contestant].memory = mean(limits.memory, after.memory)
          taken[contestant].arithmetic = mean(limits.arithmetic, after.arithmetic)
          series[contestant][test].operations = contestants[contestant].operations(test)
          series[contestant][test].rounds.append(taken[contestant])
        }
        limits = after
      }
      round += 1
      latest = elapsed() - begin
      if round == 1 { length.fill(latest) }
    }
  }

  /// Samples of all contestants in turn: A B, B A, A B, so that a steady drift favours neither.
  private func samples(of test: Int, startingWith first: Int, _ length: BenchLength) throws -> [BenchRound] {
    var rounds = contestants.map { _ in BenchRound() }
    var count = 1
    var taken = 0
    while taken < count {
      for place in contestants.indices {
        if isStopped() { throw BenchStopped() }
        let contestant = (first + taken + place) % contestants.count
        let reading = try contestants[contestant].sample(test)
        if taken == 0 { rounds[contestant].operations = reading.operations.map { _ in [] } }
        rounds[contestant].seconds.append(reading.seconds)
        for (index, seconds) in reading.operations.enumerated() {
          rounds[contestant].operations[index].append(seconds)
        }
        if taken == 0, place == 0 {
          count = max(
            1, Int(min(Double(length.mostSamples), length.sampleSeconds / max(1e-9, reading.seconds))))
        }
      }
      taken += 1
    }
    return rounds
  }

  private func sampleLimits() throws -> (memory: Double?, arithmetic: Double?) {
    guard let meter else { return (nil, nil) }
    if isStopped() { throw BenchStopped() }
    return (meter.sample(.memory), meter.sample(.f32))
  }

  private func mean(_ first: Double?, _ second: Double?) -> Double? {
    guard let first, let second else { return nil }
    return (first + second) / 2
  }
}
