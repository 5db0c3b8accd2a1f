// Single texts of given lengths becoming vectors, from their tokens.

import ApusGraph
import ApusInference
import ApusRuntime

/// Embeds texts of fixed tokens. The encoders belong to the model and are not made anew.
package final class EmbeddingWorkload: Workload {
  package let tests: [BenchTest]
  private let model: EmbeddingModel
  private let lengths: [Int]
  private let clocksOperations: Bool
  private var clock: OperationClock?
  private var current: Int?
  private var names: [Int: [String]] = [:]

  package init(_ model: EmbeddingModel, lengths: [Int], clocksOperations: Bool) {
    self.model = model
    self.lengths = lengths
    self.clocksOperations = clocksOperations
    tests = lengths.map { BenchTest("embed\($0)", work: Double($0)) }
  }

  /// Runs each test once: operations are known from then on.
  package func renew() throws {
    for test in tests.indices { _ = try sample(test) }
  }

  package func operations(_ test: Int) -> [String] { names[test] ?? [] }

  package func sample(_ test: Int) throws -> BenchReading {
    if current != test {
      try model.setProfile(nil)
      clock = nil
      for _ in 0..<2 { _ = try Self.seconds(model, tokens: lengths[test]) }
      current = test
    }
    if clocksOperations, clock == nil {
      // The plan is that of the encoder that has just been used.
      let workers = model.runtime.workers.count
      var made: OperationClock?
      try model.setProfile { plan in
        let clock = OperationClock(plan, workers: workers)
        made = clock
        return clock.profile
      }
      clock = made
      names[test] = made?.names
    }
    _ = clock?.lap()
    let seconds = try Self.seconds(model, tokens: lengths[test])
    return BenchReading(seconds: seconds, operations: clock?.lap() ?? [])
  }

  /// Seconds of one text. The tokens are arbitrary but fixed: speed does not depend on them.
  package static func seconds(_ model: EmbeddingModel, tokens: Int) throws -> Double {
    let vocabulary = model.configuration.vocabularySize
    let ids = (0..<tokens).map { Int32(($0 + 1) * 7919 % vocabulary) }
    let vector = UnsafeMutableBufferPointer<Float>.allocate(capacity: model.dimension)
    defer { vector.deallocate() }
    return try ids.withUnsafeBufferPointer { ids in
      try MonotonicClock.seconds { try model.embed(tokens: ids, into: vector) }
    }
  }
}
