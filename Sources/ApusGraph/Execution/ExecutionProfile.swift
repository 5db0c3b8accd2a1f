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

  private let firstSlot: [Int]
  private let slots: Int
  private let rowWords: Int
  private let rows: UnsafeMutablePointer<UInt64>
  /// For each stage that the executor runs, the number of its phase.
  private var stages: [Int] = []
  /// When each stage that one worker ran alone began and ended, in this run.
  private var lone = UnsafeMutableBufferPointer<(start: UInt64, end: UInt64)>(start: nil, count: 0)
  private let ticks = TickClock()
  /// Ticks of all runs, beside `wall`.
  private var wallTicks: UInt64 = 0
  private var started: (ticks: UInt64, nanoseconds: UInt64) = (0, 0)
  /// The beginning of the first run.
  private var origin: (ticks: UInt64, nanoseconds: UInt64)?
  private var active = 0
  private let spans: [SpanRing]
  /// Sizes of runs whose work is not added up yet: that takes longer than a small step.
  private var sizes: [Sizes] = []
  private var addedWork: [Cost]

  /// - Parameter spans: the last so many spans of each worker are kept for a timeline.
  package init(_ plan: Plan, workers: Int, spans: Int = 0) {
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
    // Rows of different workers share no pair of cache lines.
    rowWords = (Row.words(slots: slots, phases: plan.phases.count) + 15) & ~15
    rows = UnsafeMutableRawPointer.allocate(byteCount: workers * rowWords * 8, alignment: 128)
      .assumingMemoryBound(to: UInt64.self)
    rows.initialize(repeating: 0, count: workers * rowWords)
    self.spans = spans > 0 ? (0..<workers).map { _ in SpanRing(capacity: spans) } : []
    addedWork = Array(repeating: Cost(), count: plan.graph.nodes.count)
    sizes.reserveCapacity(Self.pendingSizes)
  }

  deinit {
    rows.deallocate()
    lone.deallocate()
  }

  private static let pendingSizes = 4096

  /// A worker's row: when it last looked at the clock, times and calls of each group, times and lone runs of each phase.
  private struct Row {
    let base: UnsafeMutablePointer<UInt64>
    let slots: Int
    let phases: Int

    static func words(slots: Int, phases: Int) -> Int { 1 + 2 * slots + 2 * phases }

    var clock: UnsafeMutablePointer<UInt64> { base }
    var busy: UnsafeMutablePointer<UInt64> { base + 1 }
    var calls: UnsafeMutablePointer<UInt64> { base + 1 + slots }
    var wait: UnsafeMutablePointer<UInt64> { base + 1 + 2 * slots }
    var lone: UnsafeMutablePointer<UInt64> { base + 1 + 2 * slots + phases }
  }

  private func row(_ worker: Int) -> Row {
    Row(base: rows + worker * rowWords, slots: slots, phases: plan.phases.count)
  }
}

// MARK: What the executor tells

extension ExecutionProfile {
  /// An executor is going to tell of its runs; `stages` has the number of the phase of each stage it runs.
  func bind(stages: [Int]) {
    self.stages = stages
    lone.deallocate()
    lone = .allocate(capacity: stages.count)
    lone.initialize(repeating: (0, 0))
  }

  /// A run begins, with so many workers.
  func begin(active: Int) {
    self.active = min(active, workers)
    if sizes.count == Self.pendingSizes { addWork() }
    started = (ticks.now, MonotonicClock.nanoseconds)
    if origin == nil { origin = started }
    for worker in 0..<self.active { row(worker).clock.pointee = started.ticks }
  }

  /// A worker begins the first unit of a group.
  func addCall(phase: Int, group: Int, worker: Int) {
    row(worker).calls[firstSlot[phase] + group] += 1
  }

  /// A worker has run its last unit of a group; what it did since it last looked at the clock was that.
  func addBusy(phase: Int, group: Int, worker: Int) {
    let row = row(worker)
    let (since, now) = (row.clock.pointee, ticks.now)
    row.busy[firstSlot[phase] + group] += passed(since, now)
    row.clock.pointee = now
    if !spans.isEmpty { spans[worker].append(since, now, firstSlot[phase] + group) }
  }

  /// A worker has run a stage by itself, which it began when it last looked at the clock before that: being the last to
  /// arrive at a barrier, it did not wait.
  func addAlone(stage: Int, worker: Int, isFirst: Bool, since start: UInt64) {
    let row = row(worker)
    lone[stage] = (start, row.clock.pointee)
    if isFirst { row.lone[stages[stage]] += 1 }
  }

  /// When a worker last looked at the clock.
  func clock(_ worker: Int) -> UInt64 { row(worker).clock.pointee }

  /// A worker is past a barrier: since it last looked at the clock it has waited for the others at the end of stage
  /// `previous` (−1 at the beginning), then for whoever ran the stages before `next` alone.
  func addWait(_ worker: Int, after previous: Int, until next: Int) {
    // Whoever ran them alone goes on at once.
    if next > previous + 1, row(worker).clock.pointee == lone[next - 1].end { return }
    addWait(worker, after: previous, until: next, at: ticks.now)
  }

  private func passed(_ since: UInt64, _ now: UInt64) -> UInt64 { now > since ? now - since : 0 }

  private func addWait(_ worker: Int, after previous: Int, until next: Int, at now: UInt64) {
    let row = row(worker)
    let since = row.clock.pointee
    var cursor = since
    var phase = stages[max(0, previous)]
    var stage = previous + 1
    while stage < next {
      if cursor < lone[stage].start {
        row.wait[phase] += lone[stage].start - cursor
        cursor = lone[stage].start
      }
      phase = stages[stage]
      if cursor < lone[stage].end {
        row.wait[phase] += lone[stage].end - cursor
        cursor = lone[stage].end
      }
      stage += 1
    }
    if cursor < now { row.wait[phase] += now - cursor }
    guard since < now else { return }
    row.clock.pointee = now
    if !spans.isEmpty { spans[worker].append(since, now, nil) }
  }

  /// The run has ended.
  ///
  /// - Parameter isShared: whether more than one worker had a part in it.
  func end(_ step: Step, isShared: Bool) {
    let (now, nanoseconds) = (ticks.now, MonotonicClock.nanoseconds)
    for worker in 0..<active where !stages.isEmpty {
      addWait(worker, after: isShared ? stages.count - 1 : -1, until: stages.count, at: now)
    }
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
    (0..<workers).reduce(0) { $0 + row($1).busy[firstSlot[phase] + group] }
  }

  /// Seconds of a tick, as the runs so far have it; 0 before the first.
  package var secondsPerTick: Double { wallTicks > 0 ? Double(wall) * 1e-9 / Double(wallTicks) : 0 }

  /// Nanoseconds each worker spent in a group.
  package func busy(phase: Int, group: Int) -> [UInt64] {
    (0..<workers).map { nanoseconds(row($0).busy[firstSlot[phase] + group]) }
  }

  /// Nanoseconds each worker waited at the end of a phase, or while another ran it.
  package func wait(phase: Int) -> [UInt64] {
    (0..<workers).map { nanoseconds(row($0).wait[phase]) }
  }

  /// Runs in which a group had work.
  package func calls(phase: Int, group: Int) -> Int {
    (0..<workers).reduce(0) { $0 + Int(row($1).calls[firstSlot[phase] + group]) }
  }

  /// Whether the phase was too small to share in most runs.
  package func isSerial(phase: Int) -> Bool {
    let lone = (0..<workers).reduce(0) { $0 + Int(row($1).lone[phase]) }
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
    spans.enumerated().flatMap { worker, ring in
      ring.spans.map { span in
        let (start, end) = (moment(span.start), moment(span.end))
        guard let slot = span.slot else {
          return ExecutionSpan(worker: worker, start: start, end: end, place: nil)
        }
        let phase = firstSlot.lastIndex { $0 <= slot }!
        return ExecutionSpan(worker: worker, start: start, end: end, place: (phase, slot - firstSlot[phase]))
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
