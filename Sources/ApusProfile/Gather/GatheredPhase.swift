// From the times an executor gathered to a phase of a profile: groups become operations, waiting is shared out, and a
// run with one thread stands beside it.

import ApusGraph

/// A phase whose operations come from one plan.
struct GatheredPhase {
  let operations: PlanOperations
  private(set) var phase: ProfiledPhase

  /// - Parameters:
  ///   - wall: nanoseconds of the phase, if not those of the runs: what lies between them is an operation of its own.
  ///   - includes: which groups are of this phase, by their first node.
  init(
    _ name: String, _ execution: ExecutionProfile, wall: UInt64? = nil, steps: Int, tokens: Int,
    between: String = "between steps", where includes: (Node) -> Bool = { _ in true }
  ) {
    operations = PlanOperations(execution.plan, where: includes)
    var gathered = operations.entries.map { entry in
      OperationProfile(
        name: entry.name, scope: entry.scope, arithmetic: entry.arithmetic, calls: 0, flops: 0, bytes: 0,
        busy: Array(repeating: 0, count: execution.workers),
        wait: Array(repeating: 0, count: execution.workers), isSerial: false, single: nil)
    }
    var serial = Array(repeating: UInt64(0), count: gathered.count)
    let work = execution.work
    for (phase, places) in operations.places.enumerated() {
      let groups = execution.plan.phases[phase].groups
      let busy = groups.indices.map { execution.busy(phase: phase, group: $0) }
      let totals = busy.map { $0.reduce(0, +) }
      let wait = execution.wait(phase: phase)
      let isSerial = execution.isSerial(phase: phase)
      for case (let group, let place?) in places.enumerated() {
        // Who waits at the end of a phase waits for all of its groups, for each as long as it took.
        let all = totals.reduce(0, +)
        let share = all > 0 ? Double(totals[group]) / Double(all) : 1 / Double(groups.count)
        for worker in 0..<execution.workers {
          gathered[place].busy[worker] += busy[group][worker]
          gathered[place].wait[worker] += UInt64(share * Double(wait[worker]))
        }
        if isSerial { serial[place] += totals[group] }
        gathered[place].calls += execution.calls(phase: phase, group: group)
        for node in groups[group] {
          gathered[place].flops += work[node].flops
          gathered[place].bytes += work[node].bytes
        }
      }
    }
    for index in gathered.indices {
      let total = gathered[index].busy.reduce(0, +)
      gathered[index].isSerial = total > 0 && 2 * serial[index] > total
    }
    // Times of all threads add up to their number times the wall time.
    let accounted = gathered.reduce(0) { $0 + $1.busy.reduce(0, +) + $1.wait.reduce(0, +) }
    let own = accounted / UInt64(max(1, execution.workers))
    if let wall, wall > execution.wall {
      gathered.append(
        .alone(between, nanoseconds: wall - execution.wall, of: execution.workers, calls: steps))
    }
    phase = ProfiledPhase(
      name: name, wall: wall.map { own + ($0 - min($0, execution.wall)) } ?? own, steps: steps,
      tokens: tokens, operations: gathered)
  }

  /// Takes the times of the same operations in a run with one thread, scaled to as many calls.
  mutating func compare(single: GatheredPhase) {
    for index in phase.operations.indices where index < single.phase.operations.count {
      let (here, alone) = (phase.operations[index], single.phase.operations[index])
      guard here.name == alone.name, here.scope == alone.scope, alone.calls > 0 else { continue }
      let scale = Double(here.calls) / Double(alone.calls)
      phase.operations[index].single = UInt64(scale * Double(alone.busy.reduce(0, +)))
    }
  }
}

extension ProfiledPhase {
  /// All runs of an executor as one phase.
  package init(_ name: String, _ execution: ExecutionProfile) {
    self = GatheredPhase(name, execution, steps: execution.runs, tokens: execution.tokens).phase
  }
}

extension OperationProfile {
  /// What one thread does while the others wait.
  static func alone(_ name: String, nanoseconds: UInt64, of threads: Int, calls: Int) -> OperationProfile {
    OperationProfile(
      name: name, scope: "", arithmetic: .f32, calls: calls, flops: 0, bytes: 0,
      busy: [nanoseconds] + Array(repeating: 0, count: threads - 1),
      wait: [0] + Array(repeating: nanoseconds, count: threads - 1), isSerial: true, single: nil)
  }
}
