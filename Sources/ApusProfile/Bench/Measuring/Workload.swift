// Something that can be measured again and again: a model's prompts, a training step, a kernel. A workload knows its tests
// and runs them; how often, in which order and beside what is the runner's business.

import ApusGraph
import ApusRuntime

/// One sample of a test.
package struct BenchReading: Sendable, Equatable {
  package var seconds: Double
  /// Seconds of all threads, for each of the test's operations.
  package var operations: [Double]

  package init(seconds: Double, operations: [Double] = []) {
    self.seconds = seconds
    self.operations = operations
  }
}

/// Tests that share a model.
package protocol Workload: AnyObject {
  /// What it measures.
  var tests: [BenchTest] { get }
  /// Makes everything anew that has a place in memory, so that no place is favoured for long. Called before the first
  /// sample.
  func renew() throws
  /// Names of the operations that a test's samples tell the times of; none where they are not asked for.
  func operations(_ test: Int) -> [String]
  /// Measures once; warms up before when another test was measured last.
  func sample(_ test: Int) throws -> BenchReading
}

/// Thrown out of a sample when measuring is to end.
package struct BenchStopped: Error {
  package init() {}
}

/// Several workloads as one contestant of a measurement.
package protocol Contestant: AnyObject {
  var tests: [BenchTest] { get }
  /// Starts a round: what can be made anew is.
  func begin() throws
  func operations(_ test: Int) -> [String]
  func sample(_ test: Int) throws -> BenchReading
}

/// Workloads of this process.
package final class LocalContestant: Contestant {
  private let workloads: [any Workload]
  private let places: [(workload: Int, test: Int)]
  private let renews: Bool
  private let handicap: Handicap?
  private var isFirst = true

  /// - Parameters:
  ///   - renews: whether each round begins with everything made anew, or only the first one.
  ///   - handicap: of an operation that some workload must have.
  package init(_ workloads: [any Workload], renews: Bool, handicap: Handicap? = nil) {
    self.workloads = workloads
    self.renews = renews
    self.handicap = handicap
    places = workloads.enumerated().flatMap { number, workload in
      workload.tests.indices.map { (number, $0) }
    }
  }

  package var tests: [BenchTest] { workloads.flatMap(\.tests) }

  package func begin() throws {
    guard renews || isFirst else { return }
    for workload in workloads { try workload.renew() }
    if isFirst, let handicap { try check(handicap) }
    isFirst = false
  }

  private func check(_ handicap: Handicap) throws(BenchError) {
    var seen: Set<String> = []
    let known = places.indices.flatMap(operations).filter { seen.insert($0).inserted }
    guard known.contains(handicap.operation) else {
      throw .unknownOperation(handicap.operation, known: known)
    }
  }

  package func operations(_ test: Int) -> [String] {
    workloads[places[test].workload].operations(places[test].test)
  }

  package func sample(_ test: Int) throws -> BenchReading {
    try workloads[places[test].workload].sample(places[test].test)
  }
}

/// Reads off an execution profile what each operation took since the last time.
struct OperationClock {
  let profile: ExecutionProfile
  let names: [String]
  /// For each phase and group, the operation.
  private let places: [[Int]]
  private var before: [UInt64]

  init(_ plan: Plan, workers: Int) {
    profile = ExecutionProfile(plan, workers: workers)
    let names = plan.operationNames
    self.names = names
    let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, $0.offset) })
    places = plan.phases.map { phase in phase.groups.map { numbers[plan.name(of: $0)]! } }
    before = [UInt64](repeating: 0, count: names.count)
  }

  /// Seconds of all threads for each operation.
  mutating func lap() -> [Double] {
    var now = [UInt64](repeating: 0, count: names.count)
    for (phase, groups) in places.enumerated() {
      for (group, operation) in groups.enumerated() {
        now[operation] += profile.busyTicks(phase: phase, group: group)
      }
    }
    defer { before = now }
    let tick = profile.secondsPerTick
    return zip(now, before).map { Double($0 - $1) * tick }
  }
}
