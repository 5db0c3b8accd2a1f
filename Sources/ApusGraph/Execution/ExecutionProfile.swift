// Where the time of runs went: for each worker the time it worked on each group of a phase and the time it waited at
// the end of each phase. Nothing is lost between the two: a worker's clock runs on from what it did last. It is read
// when the group changes and at barriers, never for a unit; it counts ticks, which become nanoseconds when they are asked
// for. The profiler's reports are made from it.

import ApusRuntime
import ApusTensor

/// Times gathered over runs of one executor. Workers write to their own rows only; a run allocates nothing.
package final class ExecutionProfile {
  package let plan: Plan
  package let workers: Int
  /// Nanoseconds from fork to join, of all runs.
  package private(set) var wall: UInt64 = 0
  package private(set) var runs = 0
  /// Tokens and sequences of all runs.
  package private(set) var tokens = 0
  package private(set) var sequences = 0

  /// What workers write to.
  let writer: ProfileWriter
  /// Ticks of all runs, beside `wall`.
  private var wallTicks: UInt64 = 0
  private var started: (ticks: UInt64, nanoseconds: UInt64) = (0, 0)
  /// The beginning of the first run.
  private var origin: (ticks: UInt64, nanoseconds: UInt64)?
  private var active = 0
  /// Sizes of runs whose work is not added up yet: that takes longer than a small step.
  private var sizes: [Sizes] = []
  private var addedWork: [Cost]

  /// - Parameter spans: the last so many spans of each worker are kept for a timeline.
  package init(_ plan: Plan, workers: Int, spans: Int = 0) {
    self.plan = plan
    self.workers = workers
    writer = ProfileWriter(groups: plan.phases.map(\.groups.count), workers: workers, spans: spans)
    addedWork = Array(repeating: Cost(), count: plan.graph.nodes.count)
    sizes.reserveCapacity(Self.pendingSizes)
  }

  deinit {
    writer.deallocate()
  }

  private static let pendingSizes = 4096
}

// MARK: What the executor tells

extension ExecutionProfile {
  /// A run begins, with so many workers.
  func begin(active: Int) {
    self.active = min(active, workers)
    if sizes.count == Self.pendingSizes { addWork() }
    started = (writer.now, MonotonicClock.nanoseconds)
    if origin == nil { origin = started }
    for worker in 0..<self.active { writer.begin(worker, at: started.ticks) }
  }

  private func passed(_ since: UInt64, _ now: UInt64) -> UInt64 { now > since ? now - since : 0 }

  /// The run has ended.
  ///
  /// - Parameter isShared: whether more than one worker had a part in it.
  func end(_ step: Step, isShared: Bool) {
    let (now, nanoseconds) = (writer.now, MonotonicClock.nanoseconds)
    for worker in 0..<active { writer.end(worker, isShared: isShared, at: now) }
    wall += nanoseconds - started.nanoseconds
    wallTicks += passed(started.ticks, now)
    runs += 1
    tokens += step.sizes.tokens
    sequences += step.sizes.sequences
    sizes.append(step.sizes)
  }
}

// MARK: What was gathered

extension ExecutionProfile {
  private func nanoseconds(_ ticks: UInt64) -> UInt64 {
    wallTicks > 0 ? UInt64(Double(ticks) * Double(wall) / Double(wallTicks)) : 0
  }

  /// A moment by the monotonic clock.
  private func moment(_ ticks: UInt64) -> UInt64 {
    guard let origin else { return 0 }
    return origin.nanoseconds + nanoseconds(passed(origin.ticks, ticks))
  }

  /// Ticks all workers spent in a group: what a caller may subtract from what it was before.
  package func busyTicks(phase: Int, group: Int) -> UInt64 {
    (0..<workers).reduce(0) { $0 + writer.busy($1, phase: phase, group: group) }
  }

  /// Seconds of a tick, as the runs so far have it; 0 before the first.
  package var secondsPerTick: Double { wallTicks > 0 ? Double(wall) * 1e-9 / Double(wallTicks) : 0 }

  /// Nanoseconds each worker spent in a group.
  package func busy(phase: Int, group: Int) -> [UInt64] {
    (0..<workers).map { nanoseconds(writer.busy($0, phase: phase, group: group)) }
  }

  /// Nanoseconds each worker waited at the end of a phase, or while another ran it.
  package func wait(phase: Int) -> [UInt64] {
    (0..<workers).map { nanoseconds(writer.wait($0, phase: phase)) }
  }

  /// Runs in which a group had work.
  package func calls(phase: Int, group: Int) -> Int {
    (0..<workers).reduce(0) { $0 + Int(writer.calls($1, phase: phase, group: group)) }
  }

  /// Whether the phase was too small to share in most runs.
  package func isSerial(phase: Int) -> Bool {
    let lone = (0..<workers).reduce(0) { $0 + Int(writer.lone($1, phase: phase)) }
    return 2 * lone > runs
  }

  /// Work done, per node.
  package var work: [Cost] {
    addWork()
    return addedWork
  }

  /// Adds up the work of past runs now if there are many, which would otherwise happen at the beginning of a run.
  package func settle() {
    if sizes.count > Self.pendingSizes / 2 { addWork() }
  }

  private func addWork() {
    for (index, node) in plan.graph.nodes.enumerated() {
      let (inputs, outputs) = (plan.graph.types(node.inputs), plan.graph.types(node.outputs))
      for sizes in sizes { addedWork[index] = addedWork[index] + node.operation.cost(inputs, outputs, sizes) }
    }
    sizes.removeAll(keepingCapacity: true)
  }

  /// What each worker did when, the last spans of each.
  package var timeline: [ExecutionSpan] {
    (0..<workers).flatMap { worker in
      writer.spans(worker).map { span in
        ExecutionSpan(
          worker: worker, start: moment(span.start), end: moment(span.end),
          place: writer.place(span))
      }
    }
  }
}

/// A worker's work on a group, or its waiting.
package struct ExecutionSpan {
  package let worker: Int
  /// By the monotonic clock.
  package let start: UInt64
  package let end: UInt64
  /// nil while waiting.
  package let place: (phase: Int, group: Int)?
}
