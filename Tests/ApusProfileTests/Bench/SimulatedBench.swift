// A made-up machine that is as unsteady as a shared host: times scatter, drift within minutes, jump, and the memory has
// moods of its own, which half-explain the times of what reads it.

import ApusRuntime

@testable import ApusProfile

/// Series of tests on a machine whose moods are known.
struct SimulatedBench {
  /// Operations with their seconds and what bounds them, as `apus bench` sees them in a decoding model.
  static let operations: [(name: String, seconds: Double, readsMemory: Bool)] = [
    ("matmul Q4_K", 0.060, true), ("attention", 0.012, false), ("matmul Q6_K", 0.008, true),
    ("add + rmsnorm + round", 0.006, false), ("rotary + store", 0.004, false),
    ("swiglu + round", 0.003, false),
    ("embed", 0.0002, true),
  ]

  private let random: Philox
  private var position: UInt64 = 0
  /// Logarithms.
  private var mood = 0.0
  private var memoryMood = 0.0
  /// Standard deviations: of a sample, of a step of a mood.
  var noise = 0.02
  var moodStep = 0.004

  init(seed: UInt64) { random = Philox(key: seed) }

  /// Nearly normal: the sum of twelve uniform numbers.
  private mutating func normal() -> Double {
    var sum = -6.0
    for part in 0..<3 {
      let block = random.uniforms(position, stream: UInt64(part))
      sum += Double(block.sum())
    }
    position += 1
    return sum
  }

  /// Time passes: moods wander, and come back slowly; rarely the machine becomes another.
  private mutating func pass(_ steps: Double = 1) {
    mood = 0.98 * mood + moodStep * steps.squareRoot() * normal()
    memoryMood = 0.98 * memoryMood + 5 * moodStep * steps.squareRoot() * normal()
    if random.uniform(position, stream: 9) < 0.002 { mood += 0.03 * normal() }
  }

  private mutating func sample(_ factors: [String: Double], _ layout: [Double]) -> [Double] {
    pass()
    return Self.operations.enumerated().map { index, operation in
      // An interrupted sample now and then takes half as long again.
      let outlier = random.uniform(position, stream: 8) < 0.02 ? 0.4 : 0
      let shared = mood + (operation.readsMemory ? memoryMood : 0)
      return operation.seconds * (factors[operation.name] ?? 1)
        * exponential(shared + layout[index] + noise * normal() + outlier)
    }
  }

  private mutating func layout() -> [Double] { Self.operations.map { _ in 0.006 * normal() } }

  private func empty(_ name: String) -> BenchSeries {
    var series = BenchSeries(BenchTest(name, work: 32))
    series.operations = Self.operations.map(\.name)
    return series
  }

  private static func add(_ times: [Double], to round: inout BenchRound) {
    if round.operations.isEmpty { round.operations = times.map { _ in [] } }
    round.seconds.append(times.reduce(0, +) / 2)
    for (index, time) in times.enumerated() { round.operations[index].append(time) }
  }

  /// Two contestants in turn.
  mutating func paired(
    _ tests: [String], rounds: Int, first: [String: Double] = [:], second: [String: Double] = [:]
  ) -> ([BenchSeries], [BenchSeries]) {
    var (one, other) = (tests.map(empty), tests.map(empty))
    for number in 0..<rounds {
      let layouts = [layout(), layout()]
      for test in tests.indices {
        var taken = [BenchRound(), BenchRound()]
        for pair in 0..<3 {
          for place in 0..<2 {
            let who = (number + pair + place) % 2
            Self.add(sample(who == 0 ? first : second, layouts[who]), to: &taken[who])
          }
        }
        one[test].rounds.append(taken[0])
        other[test].rounds.append(taken[1])
      }
    }
    return (one, other)
  }

  /// One contestant, with the machine's limits beside it.
  mutating func run(_ tests: [String], rounds: Int, factors: [String: Double] = [:]) -> [BenchSeries] {
    var series = tests.map(empty)
    for _ in 0..<rounds {
      let places = layout()
      for test in tests.indices {
        var round = BenchRound()
        round.memory = 40e9 * exponential(-mood - memoryMood + 0.02 * normal())
        round.arithmetic = 500e9 * exponential(-mood + 0.01 * normal())
        for _ in 0..<3 { Self.add(sample(factors, places), to: &round) }
        series[test].rounds.append(round)
      }
    }
    return series
  }

  /// Hours between two runs: other moods.
  mutating func wait() {
    mood = 0.03 * normal()
    memoryMood = 0.2 * normal()
  }
}
