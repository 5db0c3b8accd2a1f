// An operation made slower on purpose, to see whether that is noticed: `apus bench --handicap`.

import ApusRuntime

/// Makes the units of an operation take longer by a factor.
package struct Handicap: Sendable, Equatable {
  /// The operation's name, as `Plan.name(of:)` gives it.
  package let operation: String
  /// 1.05 makes it 5 % slower.
  package let factor: Double

  package init(_ operation: String, factor: Double) {
    self.operation = operation
    self.factor = factor
  }

  /// For each phase of a plan and each group, what is added to a unit, as a share of its time.
  package func shares(_ plan: Plan) -> [[Double]] {
    plan.phases.map { $0.groups.map { plan.name(of: $0) == operation ? max(0, factor - 1) : 0 } }
  }

  /// Keeps the processor busy until a unit that ran from `start` until now has taken so much longer.
  static func spin(_ share: Double, since start: UInt64) {
    let now = MonotonicClock.nanoseconds
    let end = now + UInt64(Double(now - start) * share)
    while MonotonicClock.nanoseconds < end {}
  }
}
