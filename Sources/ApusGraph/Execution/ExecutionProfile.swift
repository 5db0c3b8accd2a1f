// Where the time of runs went: for each worker the time it worked on each group of a phase and the time it waited at
// the end of each phase. Nothing is lost between the two: a worker's clock runs on from what it did last. It is read
// when the group changes and at barriers, never for a unit; it counts ticks, which become nanoseconds when they are asked
// for. Where runs are so short that looking at all would slow them down, it looks at one of many, and scales what it saw.
// The profiler's reports are made from it.

import ApusRuntime
import ApusTensor

/// Times gathered over runs of one executor. Workers write to their own rows only; a run allocates nothing.
package final class ExecutionProfile {
  package let plan: Plan
  package let workers: Int
  package private(set) var runs = 0
  /// One of so many runs is looked at.
  package private(set) var stride = 1
  /// Tokens and sequences of all runs.
  package private(set) var tokens = 0
  package private(set) var sequences = 0

  /// What workers write to.
  let writer: ProfileWriter
  /// Of all runs, and of those that were looked at, from fork to join.
  private var ticks: UInt64 = 0
  private var seen: (runs: Int, ticks: UInt64, nanoseconds: UInt64) = (0, 0, 0)
  private var isLooking = false
  private let mayStride: Bool
  private var started: (ticks: UInt64, nanoseconds: UInt64) = (0, 0)
  /// The beginning of the first run.
  private var origin: (ticks: UInt64, nanoseconds: UInt64)?
  private var active = 0
  /// Sizes of runs whose work is not added up yet: that takes longer than a small step.
  private var sizes: [Sizes] = []
  private var addedWork: [Cost]

  /// - Parameters:
  ///   - spans: the last so many spans of each worker are kept for a timeline.
  ///   - mayStride: whether it may look at one of many runs, where looking at all would cost more than 1 % of their time.
  package init(_ plan: Plan, workers: Int, spans: Int = 0, mayStride: Bool = false) {
    self.plan = plan
    self.mayStride = mayStride
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
  ///
  /// - Returns: whether its workers tell what they do.
  func begin(active: Int) -> Bool {
    if sizes.count == Self.pendingSizes { addWork() }
    isLooking = runs % stride == 0
    started.ticks = writer.now
    guard isLooking else { return false }
    started.nanoseconds = MonotonicClock.nanoseconds
    if origin == nil { origin = started }
    self.active = min(active, workers)
    for worker in 0..<self.active { writer.begin(worker, at: started.ticks) }
    return true
  }

  private func passed(_ since: UInt64, _ now: UInt64) -> UInt64 { now > since ? now - since : 0 }

  /// The run has ended.
  ///
  /// - Parameter isShared: whether more than one worker had a part in it.
  func end(_ step: Step, isShared: Bool) {
    let now = writer.now
    let passed = passed(started.ticks, now)
    ticks += passed
    if isLooking {
      for worker in 0..<active { writer.end(worker, isShared: isShared, at: now) }
      seen.runs += 1
      seen.ticks += passed
      seen.nanoseconds += MonotonicClock.nanoseconds - started.nanoseconds
    }
    runs += 1
    tokens += step.sizes.tokens
    sequences += step.sizes.sequences
    sizes.append(step.sizes)
    // The first runs are looked at, and say how long one takes; again when there are twice as many.
    if mayStride, runs >= 8, runs & (runs - 1) == 0 { stride = wantedStride }
  }

  /// How many runs pass for one that is looked at, so that looking takes less than half a percent of their time: the rest of
  /// the percent is for what is not foreseen.
  private var wantedStride: Int {
    let serial = plan.phases.indices.count { isSerial(phase: $0) }
    let looks = serial + 2 * active * (plan.phases.count - serial)
    let run = Double(seen.nanoseconds) / Double(seen.runs)
    return max(1, min(64, Int((Double(looks) * Self.lookNanoseconds / (0.004 * run)).rounded(.up))))
  }

  /// What a boundary between two pieces of work adds to a run, at most: the clock's 10 ns, and lines of caches that weights
  /// have pushed out.
  private static let lookNanoseconds = 60.0
}

// MARK: What was gathered

extension ExecutionProfile {
  /// Nanoseconds from fork to join, of all runs.
  package var wall: UInt64 { seen.runs == runs ? seen.nanoseconds : nanoseconds(seen.ticks) }

  /// From ticks of the runs that were looked at to nanoseconds of all runs.
  private func nanoseconds(_ part: UInt64) -> UInt64 {
    guard seen.ticks > 0 else { return 0 }
    let all = Double(seen.nanoseconds) * (seen.runs == runs ? 1 : Double(ticks) / Double(seen.ticks))
    return UInt64(Double(part) * all / Double(seen.ticks))
  }

  /// A moment by the monotonic clock.
  private func moment(_ ticks: UInt64) -> UInt64 {
    guard let origin else { return 0 }
    return origin.nanoseconds + UInt64(Double(passed(origin.ticks, ticks)) * secondsPerTick * 1e9)
  }

  /// Ticks all workers spent in a group: what a caller may subtract from what it was before.
  package func busyTicks(phase: Int, group: Int) -> UInt64 {
    (0..<workers).reduce(0) { $0 + writer.busy($1, phase: phase, group: group) }
  }

  /// Seconds of a tick, as the runs so far have it; 0 before the first.
  package var secondsPerTick: Double {
    seen.ticks > 0 ? Double(seen.nanoseconds) * 1e-9 / Double(seen.ticks) : 0
  }

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
    let seenCalls = (0..<workers).reduce(0) { $0 + Int(writer.calls($1, phase: phase, group: group)) }
    guard seen.runs < runs, seen.runs > 0 else { return seenCalls }
    return Int((Double(seenCalls) * Double(runs) / Double(seen.runs)).rounded())
  }

  /// Whether the phase was too small to share in most runs.
  package func isSerial(phase: Int) -> Bool {
    let lone = (0..<workers).reduce(0) { $0 + Int(writer.lone($1, phase: phase)) }
    return 2 * lone > seen.runs
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
