// Times of an executor: nothing is lost, nothing is counted twice, nothing is allocated, and no bit of a result changes.

import ApusGraph
import ApusInference
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusProfile

@Suite struct ExecutionProfileTests {
  private func run(
    _ engine: Engine, steps: Int, tokens: Int = 1, spans: Int = 0
  ) throws -> ExecutionProfile {
    let profile = ExecutionProfile(engine.plan, workers: engine.runtime.workers.count, spans: spans)
    let feed = SyntheticFeed(engine)
    let sequence = engine.makeSequence()
    try feed.step([sequence], tokens: tokens, outputs: 1)
    engine.profile = profile
    for _ in 0..<steps { try feed.step([sequence], tokens: tokens, outputs: 1) }
    engine.profile = nil
    return profile
  }

  private func accounted(_ profile: ExecutionProfile) -> UInt64 {
    profile.plan.phases.enumerated().reduce(0) { sum, phase in
      sum + profile.wait(phase: phase.offset).reduce(0, +)
        + phase.element.groups.indices.reduce(0) {
          $0 + profile.busy(phase: phase.offset, group: $1).reduce(0, +)
        }
    }
  }

  @Test(
    "work and waiting add up to the wall time of all threads", arguments: ["llama", "gemma2"], [1, 2, 3])
  func sums(_ name: String, _ threads: Int) throws {
    for tokens in [1, 16] {
      let engine = try tinyEngine(name, threads: threads, context: 96)
      let profile = try run(engine, steps: 5, tokens: tokens)
      #expect(profile.runs == 5 && profile.tokens == 5 * tokens)
      let share = Double(accounted(profile)) / (Double(profile.wall) * Double(threads))
      // A clock is read once for both sides of a boundary: only rounding to nanoseconds loses anything.
      #expect(
        share > 0.99 && share < 1.0001,
        "\(name) with \(threads) threads, \(tokens) tokens: \(share) of the wall time")
    }
  }

  @Test("a group is called once in each run; phases of one token are mostly run alone", arguments: [1, 2])
  func calls(_ threads: Int) throws {
    let engine = try tinyEngine(threads: threads)
    let profile = try run(engine, steps: 7)
    var (serial, shared) = (0, 0)
    for (phase, groups) in profile.plan.phases.enumerated() {
      for group in groups.groups.indices { #expect(profile.calls(phase: phase, group: group) == 7) }
      if profile.isSerial(phase: phase) { serial += 1 } else { shared += 1 }
    }
    #expect(serial > 0 && shared > 0)
    for phase in profile.plan.phases.indices where profile.isSerial(phase: phase) {
      let busy = profile.plan.phases[phase].groups.indices.map { profile.busy(phase: phase, group: $0) }
      #expect(busy.joined().contains { $0 > 0 })
      // Whoever did not run it waited.
      if threads == 2 { #expect(profile.wait(phase: phase).contains { $0 > 0 }) }
    }
  }

  @Test("of many short runs some are looked at, and stand for all", arguments: [1, 2])
  func stride(_ threads: Int) throws {
    let engine = try tinyEngine(threads: threads, context: 64)
    let profile = ExecutionProfile(engine.plan, workers: threads, mayStride: true)
    let feed = SyntheticFeed(engine)
    let sequences = [engine.makeSequence()]
    engine.profile = profile
    for _ in 0..<600 {
      try feed.step(sequences, tokens: 1, outputs: 1)
      sequences[0].truncate(to: 0)
    }
    engine.profile = nil
    // A step of two layers takes less than a hundredth of a millisecond.
    #expect(profile.runs == 600 && profile.tokens == 600 && profile.stride > 1, "\(profile.stride)")
    let share = Double(accounted(profile)) / (Double(profile.wall) * Double(threads))
    #expect(share > 0.98 && share < 1.001, "\(share) of the wall time")
    for (phase, groups) in profile.plan.phases.enumerated() {
      for group in groups.groups.indices { #expect(profile.calls(phase: phase, group: group) == 600) }
    }
  }

  @Test("work is that of the steps: weights once each, attention as the sequence grew")
  func work() throws {
    let engine = try tinyEngine(threads: 1)
    let profile = try run(engine, steps: 3)
    let graph = profile.plan.graph
    for (index, node) in graph.nodes.enumerated() {
      var expected = Cost()
      for position in 1...3 {
        var sizes = Sizes(tokens: 1, outputs: 1, sequences: 1)
        (sizes.cached, sizes.attended) = (position + 1, position + 1)
        expected = expected + profile.plan.cost(of: node, sizes)
      }
      #expect(profile.work[index] == expected, "\(node.name)")
    }
  }

  @Test("spans are in order, do not overlap, and hold the times that were added up", arguments: [1, 2])
  func timeline(_ threads: Int) throws {
    let engine = try tinyEngine(threads: threads)
    let profile = try run(engine, steps: 4, spans: 10_000)
    for worker in 0..<threads {
      let spans = profile.timeline.filter { $0.worker == worker }
      #expect(zip(spans, spans.dropFirst()).allSatisfy { $0.end <= $1.start } && !spans.isEmpty)
      for (phase, groups) in profile.plan.phases.enumerated() {
        for group in groups.groups.indices {
          let own = spans.filter { $0.place.map { $0 == (phase, group) } ?? false }
          let sum = own.reduce(0) { $0 + Int($1.end - $1.start) }
          // Each end is rounded to nanoseconds.
          #expect(abs(sum - Int(profile.busy(phase: phase, group: group)[worker])) <= own.count + 1)
        }
      }
    }
  }

  @Test("a ring keeps the last spans")
  func ring() throws {
    let engine = try tinyEngine(threads: 1)
    let all = try run(engine, steps: 4, spans: 10_000).timeline.count
    let few = try run(engine, steps: 4, spans: 20).timeline
    #expect(all > 20 && few.count == 20)
    #expect(zip(few, few.dropFirst()).allSatisfy { $0.end <= $1.start })
  }

  @Test(
    "a run that is profiled allocates nothing", .enabled(if: allocationsAreCounted, allocationsSkipReason),
    arguments: [1, 2])
  func allocations(_ threads: Int) throws {
    let engine = try tinyEngine(threads: threads)
    let feed = SyntheticFeed(engine)
    let sequence = engine.makeSequence()
    let sequences = [sequence]
    engine.profile = ExecutionProfile(engine.plan, workers: threads, spans: 100)
    for _ in 0..<2 { try feed.step(sequences, tokens: 1, outputs: 1) }
    let count = try countAllocations(on: engine.runtime.workers) {
      for _ in 0..<10 { try feed.step(sequences, tokens: 1, outputs: 1) }
    }
    #expect(count == 0)
  }

  @Test("profiling, or working alone, changes no bit", arguments: [false, true])
  func bits(_ alone: Bool) throws {
    func logits(_ measured: Bool) throws -> [UInt32] {
      let engine = try tinyEngine(threads: 2)
      let feed = SyntheticFeed(engine)
      let sequence = engine.makeSequence()
      if measured {
        engine.profile = ExecutionProfile(engine.plan, workers: 2, spans: 10)
        engine.runtime.workers.measure(alone: alone)
      }
      for tokens in [16, 1, 1] { try feed.step([sequence], tokens: tokens, outputs: 1) }
      return engine.logits(0).map(\.bitPattern)
    }
    #expect(try logits(true) == logits(false))
  }
}
