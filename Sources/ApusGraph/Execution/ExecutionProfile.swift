// Where the time of runs went: per group of each phase, busy time per worker; per phase, time at the
// barrier. The profiler's reports are made from it.

import ApusRuntime
import ApusTensor

/// Times gathered over runs of one executor. Workers write to their own slots only.
package final class ExecutionProfile {
  package let plan: Plan
  private let workers: Int
  private let firstSlot: [Int]
  private let slots: Int
  /// Nanoseconds, `[workers][groups]` and `[workers][phases]`.
  private let busy: UnsafeMutablePointer<UInt64>
  private let wait: UnsafeMutablePointer<UInt64>
  private var started: UInt64 = 0
  /// Nanoseconds from fork to join, of all runs.
  package private(set) var wall: UInt64 = 0
  package private(set) var runs = 0
  /// Work done, per node.
  package private(set) var work: [Cost]

  package init(_ plan: Plan, workers: Int) {
    self.plan = plan
    self.workers = workers
    var first: [Int] = []
    var count = 0
    for phase in plan.phases {
      first.append(count)
      count += phase.groups.count
    }
    firstSlot = first
    slots = count
    busy = .allocate(capacity: workers * count)
    busy.initialize(repeating: 0, count: workers * count)
    wait = .allocate(capacity: workers * plan.phases.count)
    wait.initialize(repeating: 0, count: workers * plan.phases.count)
    work = Array(repeating: Cost(), count: plan.graph.nodes.count)
  }

  deinit {
    busy.deallocate()
    wait.deallocate()
  }

  func begin() {
    started = MonotonicClock.nanoseconds
  }

  func end(_ step: Step) {
    wall += MonotonicClock.nanoseconds - started
    runs += 1
    for (index, node) in plan.graph.nodes.enumerated() {
      work[index] = work[index] + plan.cost(of: node, step.sizes)
    }
  }

  func add(phase: Int, group: Int, worker: Int, busy time: UInt64) {
    busy[worker * slots + firstSlot[phase] + group] += time
  }

  func addWait(phase: Int, worker: Int, since arrival: UInt64) {
    wait[worker * plan.phases.count + phase] += MonotonicClock.nanoseconds - arrival
  }

  /// Nanoseconds all workers spent in a group.
  package func busyTime(phase: Int, group: Int) -> UInt64 {
    (0..<workers).reduce(0) { $0 + busy[$1 * slots + firstSlot[phase] + group] }
  }

  /// Nanoseconds all workers waited at the end of a phase.
  package func waitTime(phase: Int) -> UInt64 {
    (0..<workers).reduce(0) { $0 + wait[$1 * plan.phases.count + phase] }
  }
}
