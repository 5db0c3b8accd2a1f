// The meters around a workload: they begin and end together, are looked at between steps only, and become the parts of a
// profile that no executor knows.

import ApusGraph
import ApusRuntime

/// How a profile is gathered.
package struct GatherOptions {
  /// The command that gives the same profile.
  package var command = ""
  /// Whether the workload is run with one thread, too.
  package var measuresSingle = true
  /// Spans of all threads and phases that are kept for the timeline; 0 for none.
  package var spans = 40_000
  /// Heap allocations of all threads so far; nil where they are not counted.
  package var allocations: (() -> UInt64)?
  /// Whether to end early; what was measured by then is still a profile.
  package var shouldStop: () -> Bool = { false }
  /// Told how much is done, of 1.
  package var progress: (Double) -> Void = { _ in }
  /// The machine's limits where they are known; nil measures them first.
  package var ceilings: Ceilings?
  /// The clocks that are compared; a test steps them.
  package var clocks: @Sendable () -> (monotonic: Double, realtime: Double) = systemClocks
  /// What opens hardware counters; a test refuses.
  package var openCounter: HardwareMeter.Open?

  package init() {}
}

/// The meters of one measurement.
final class Recorder {
  private let options: GatherOptions
  private let runtime: Runtime
  private let ceilings: Ceilings
  private let sampler = ResidentSampler()
  private var hardware: HardwareMeter?
  private var watch: ClockWatch
  private var reading = SystemReading()
  private var allocations: UInt64 = 0
  private var started: UInt64 = 0
  /// Nanoseconds of all steps since it was last set to zero.
  var wall: UInt64 = 0
  /// Whether the workload was ended early.
  private(set) var isInterrupted = false
  private var notes: [String] = []

  /// Measures the machine's limits first, which takes two to three seconds: an interruption must not do away with them. They are
  /// measured again in the end.
  init(_ runtime: Runtime, _ options: GatherOptions) throws {
    self.runtime = runtime
    self.options = options
    ceilings = try options.ceilings ?? Ceilings.measure(runtime)
    watch = ClockWatch(options.clocks)
  }

  /// Spans each worker may keep in each of so many phases.
  func spans(phases: Int) -> Int {
    let (count, shares) = (options.spans, runtime.workers.count * phases)
    return count > 0 ? min(20_000, max(500, count / shares)) : 0
  }

  /// Whether there is to be another step.
  var goesOn: Bool {
    if options.shouldStop() { isInterrupted = true }
    return !isInterrupted
  }

  /// Starts the meters.
  func begin() {
    watch = ClockWatch(options.clocks)
    if let open = options.openCounter {
      hardware = HardwareMeter(open: open)
    } else {
      hardware = HardwareMeter()
    }
    reading = .now()
    started = MonotonicClock.nanoseconds
    sampler.look()
  }

  /// Makes a step, measured.
  func step<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = options.allocations?()
    let start = MonotonicClock.nanoseconds
    defer {
      wall += MonotonicClock.nanoseconds - start
      if let before, let now = options.allocations?() { allocations += now - before }
      sampler.look()
    }
    return try body()
  }

  func progress(_ share: Double) { options.progress(min(1, share)) }

  /// Says that not all steps were looked at.
  func noteStride(_ execution: ExecutionProfile, _ phase: String) {
    guard execution.stride > 1 else { return }
    notes.append(
      "\(phase): one step of \(execution.stride) was looked at, so that looking takes less than 1 % of the time; times and "
        + "calls stand for all")
  }

  /// Stops the meters.
  func end(_ workload: String, _ phases: [ProfiledPhase], _ regions: [MemoryRegion]) -> Profile {
    let system = SystemReading.now().since(reading)
    var counters = HardwareCounters()
    if let hardware = hardware.take() {
      counters.cycles = hardware.count(.cycles)
      counters.instructions = hardware.count(.instructions)
      counters.cacheMisses = hardware.count(.cacheMisses)
      counters.branchMisses = hardware.count(.branchMisses)
      counters.unavailable = hardware.unavailable
    }
    var notes = runtime.notes + notes
    if let note = watch.note { notes.append(note) }
    notes += system.hindrances(threads: runtime.workers.count)
    // A machine shared with others has slow moments: limits of one would be passed by what they limit.
    var ceilings = ceilings
    if options.ceilings == nil, !isInterrupted, let again = try? Ceilings.measure(runtime) {
      ceilings = ceilings.larger(again)
    }
    if options.allocations == nil { notes.append("heap allocations are not counted in this build") }
    return Profile(
      workload: workload, command: options.command, machine: ProfiledMachine(runtime, ceilings),
      phases: phases, memory: memory(regions),
      memoryOverTime: sampler.samples.map {
        MemorySample(time: $0.time - min($0.time, started), resident: $0.resident)
      },
      system: SystemCounts(
        minorFaults: system.minorFaults, majorFaults: system.majorFaults,
        voluntarySwitches: system.voluntarySwitches, involuntarySwitches: system.involuntarySwitches,
        allocations: options.allocations == nil ? nil : Int(allocations),
        throttledMicroseconds: system.throttledMicroseconds, stolenMicroseconds: system.stolenMicroseconds),
      counters: counters, timeline: [], isInterrupted: isInterrupted, notes: notes)
  }

  /// The spans of an execution as those of a phase; `phases` says which phase and operation a group is of.
  func timeline(_ execution: ExecutionProfile, _ phases: [(number: Int, operations: PlanOperations)])
    -> [TimelineSpan]
  {
    execution.timeline.compactMap { span in
      guard span.start >= started else { return nil }
      var (phase, operation) = (phases[0].number, Int?.none)
      if let place = span.place {
        for candidate in phases {
          guard let index = candidate.operations.places[place.phase][place.group] else { continue }
          (phase, operation) = (candidate.number, index)
        }
      }
      return TimelineSpan(
        thread: span.worker, start: span.start - started, end: span.end - started, phase: phase,
        operation: operation)
    }
  }

  /// A span that was measured elsewhere.
  func span(_ thread: Int, _ start: UInt64, _ end: UInt64, phase: Int, operation: Int) -> TimelineSpan {
    TimelineSpan(
      thread: thread, start: start - started, end: end - started, phase: phase, operation: operation)
  }

  /// Bytes by purpose; what no owner names is the program itself: code, tokenizer, tables, working memory.
  private func memory(_ regions: [MemoryRegion]) -> [MemoryPurpose] {
    var purposes: [MemoryPurpose] = []
    var named: Int? = 0
    let pages = ResidentPages()
    var seen: [MemoryRegion] = []
    for region in regions where region.byteCount > 0 && !seen.contains(region) {
      seen.append(region)
      let resident = pages?.bytes(of: region)
      named = resident.flatMap { resident in named.map { $0 + resident } }
      if let index = purposes.firstIndex(where: { $0.purpose == region.purpose }) {
        purposes[index].reserved += region.byteCount
        purposes[index].resident = resident.flatMap { own in purposes[index].resident.map { $0 + own } }
      } else {
        purposes.append(
          MemoryPurpose(purpose: region.purpose, reserved: region.byteCount, resident: resident))
      }
    }
    if let named, let all = sampler.resident {
      let rest = max(0, all - named)
      purposes.append(MemoryPurpose(purpose: "runtime", reserved: rest, resident: rest))
    }
    return purposes
  }
}
