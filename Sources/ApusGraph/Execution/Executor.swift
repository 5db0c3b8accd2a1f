// Runs a plan: one fork per step, then phase by phase with a barrier between. Workers claim units from one
// counter per phase, so a slow core takes fewer. A phase of a single unit (the norm of one token) is not worth a
// barrier: whoever arrives last at the barrier before it runs it there. A run allocates nothing.

import ApusRuntime
import ApusTensor
import Synchronization

/// A plan bound to memory, weights and workers.
///
/// Not thread-safe: one run at a time. Several executors may share weights and workers.
package final class Executor {
  package let plan: Plan
  package let step: Step
  private let workers: WorkerPool
  private let arena: HugeBuffer
  private let phases: [BoundPhase]
  private let counters: UnsafeMutablePointer<Atomic<Int>>
  /// Times per group while profiling; nil costs one test per phase.
  package var profile: ExecutionProfile? {
    didSet {
      profile?.writer.bind(stages: phases.map(\.number))
      writer.pointee = nil
    }
  }
  /// Where workers of a run that is looked at find the profile's memory, without counting references to the profile.
  private let writer: UnsafeMutablePointer<ProfileWriter?>
  /// Told how far a run is while set.
  package var phaseHook: PhaseHook?
  /// By phase and group, how much longer a unit is to take; nil, as ever but in tests of measuring, for nothing.
  package var handicap: [[Double]]?
  /// The first node that made a value that is not finite, when looking for one.
  private var inspection: Inspection?
  /// The first phase of the run that has work for more than one worker.
  private var firstShared = 0

  /// Binds a plan.
  ///
  /// - Parameters:
  ///   - parameters: gives each weight its place in memory.
  ///   - gradients: gives each weight the memory its gradient is gathered in, if the graph has any.
  ///   - cache: the pages' geometry, if the graph has attention.
  ///   - positions: the most a sequence may have.
  package init<E: Error>(
    _ plan: Plan, cpu: KernelTable, workers: WorkerPool, cache: KVLayout?, positions: Int,
    gradients: (ParameterReference) -> GradientMemory? = { _ in nil },
    parameters: (ParameterReference, ValueType) throws(E) -> Parameter
  ) throws {
    self.plan = plan
    self.workers = workers
    let heads = plan.graph.nodes.compactMap { ($0.operation as? Attention)?.heads }.max() ?? 1
    let group = cache.map { heads / $0.heads } ?? 1
    step = Step(
      limits: plan.limits, tileTokens: KVLayout.tileTokens(workers: workers.count, group: group))
    do {
      arena = try HugeBuffer(byteCount: max(64, plan.memory.byteCount), purpose: "activations")
    } catch {
      throw GraphError.noMemory(bytes: plan.memory.byteCount)
    }
    let arenaBase = arena.base
    let scratch = WorkerScratch(workers: workers.count)
    let context = KernelContext(
      cpu: cpu, workers: workers.count, limits: plan.limits, cache: cache,
      positions: positions, tileTokens: step.tileTokens, scratch: scratch)
    var operands: [ValueID: Operand] = [:]
    for (index, value) in plan.graph.values.enumerated() {
      let id = ValueID(index: index)
      switch value.source {
      case .node:
        let base = plan.memory.offsets[id].map { arenaBase + $0 }
        operands[id] = Operand(type: value.type, base: base, parameter: nil)
      case .input(let input):
        // A step's numbers lie one behind the other, without the padding of rows.
        operands[id] = Operand(type: value.type, base: step.base(of: input), parameter: nil, rowBytes: 4)
      case .parameter(let reference):
        operands[id] = Operand(
          type: value.type, base: nil, parameter: try parameters(reference, value.type))
      case .gradient(let reference):
        guard let memory = gradients(reference) else {
          preconditionFailure(
            "the graph gathers gradients of \(reference.tensor), which has no room for them")
        }
        operands[id] = Operand(type: value.type, base: nil, parameter: .gradient(memory))
      }
    }
    phases = plan.phases.enumerated().flatMap { number, phase in
      let kernels = phase.groups.map { group in
        let kernels = group.map { index in
          let node = plan.graph.nodes[index]
          return node.operation.kernel(
            node.inputs.map { operands[$0]! }, node.outputs.map { operands[$0]! }, context)
        }
        return kernels.count == 1 ? kernels[0] : ChainKernel(kernels.map { $0 as! RowKernel })
      }
      return (0..<(kernels.map(\.stages).max() ?? 1)).map { BoundPhase(kernels, number: number, stage: $0) }
    }
    scratch.allocate()
    scratchBytes = scratch.byteCount
    writer = .allocate(capacity: 1)
    writer.initialize(to: nil)
    counters = .allocate(capacity: phases.count)
    for index in phases.indices {
      (counters + index).initialize(to: Atomic(0))
    }
    resultBases = plan.graph.results.map { operands[$0]! }
  }

  deinit {
    counters.deinitialize(count: phases.count)
    counters.deallocate()
    writer.deallocate()
  }

  private let resultBases: [Operand]

  /// The memory of a result: valid until the next run.
  package func result(_ index: Int) -> Operand { resultBases[index] }

  /// Bytes reserved for activations.
  package var activationBytes: Int { arena.byteCount }

  /// Where activations lie.
  package var region: MemoryRegion { MemoryRegion("activations", arena.base, arena.byteCount) }

  /// Bytes of working memory.
  package let scratchBytes: Int

  /// Runs the step that has been filled in.
  package func run() {
    // By index: an array's iterator allocates in an unoptimised build.
    for index in 0..<phases.count {
      phases[index].prepare(step)
      (counters + index).pointee.store(0, ordering: .relaxed)
    }
    if let profile {
      writer.pointee = profile.begin(active: workers.activeCount) ? profile.writer : nil
    }
    let start = runAlone(from: 0, worker: 0)
    if start < phases.count {
      firstShared = start
      workers.run(Unmanaged.passUnretained(self).toOpaque()) { context, worker in
        Unmanaged<Executor>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.work(worker) }
      }
    }
    profile?.end(step, isShared: start < phases.count)
  }

  private func work(_ worker: Int) {
    var index = firstShared
    writer.pointee?.addWait(worker, after: -1, until: index)
    while index < phases.count {
      let shared = index
      if worker == 0, let phaseHook { phaseHook.function(phaseHook.context, phases[shared].number) }
      runUnits(of: shared, worker)
      index += 1
      if isAlone(index) || inspection != nil {
        workers.barrier(worker) {
          inspect(phase: shared)
          _ = runAlone(from: index, worker: worker)
        }
        while isAlone(index) { index += 1 }
      } else if index < phases.count {
        workers.barrier(worker)
      } else {
        return
      }
      writer.pointee?.addWait(worker, after: shared, until: index)
    }
  }

  /// Whether one worker runs the phase by itself.
  private func isAlone(_ phase: Int) -> Bool {
    phase < phases.count && phases[phase].isSmall
  }

  /// Runs phases of one unit up to the next that is shared; returns that one.
  private func runAlone(from first: Int, worker: Int) -> Int {
    var index = first
    while isAlone(index) {
      let start = writer.pointee?.clock(worker)
      runUnits(of: index, worker)
      if let start {
        writer.pointee?.addAlone(
          stage: index, worker: worker, isFirst: phases[index].stage == 0, since: start)
      }
      inspect(phase: index)
      index += 1
    }
    return index
  }

  private func runUnits(of index: Int, _ worker: Int) {
    let phase = phases[index]
    let delays = handicap?[phase.number]
    let writer = writer.pointee
    guard writer != nil || delays != nil else {
      while let (kernel, unit, _) = phase.claim(counters + index) {
        kernel.run(unit: unit, stage: phase.stage, worker: worker, step)
      }
      return
    }
    // Units are given out in order, so that a worker meets a group once.
    var group = -1
    while let (kernel, unit, next) = phase.claim(counters + index) {
      if next != group {
        if group >= 0 { writer?.addBusy(stage: index, group: group, worker: worker) }
        group = next
      }
      if unit == 0, phase.stage == 0 { writer?.addCall(stage: index, group: group, worker: worker) }
      let start = delays == nil ? 0 : MonotonicClock.nanoseconds
      kernel.run(unit: unit, stage: phase.stage, worker: worker, step)
      if let delay = delays?[group], delay > 0 { Handicap.spin(delay, since: start) }
    }
    if group >= 0 { writer?.addBusy(stage: index, group: group, worker: worker) }
  }
}

/// Called by the thread that runs a step before it works on a phase that is shared, while the other workers begin it: with
/// the number of phases that are done. Small phases are passed over.
package struct PhaseHook {
  package typealias Function = @convention(c) (_ context: UnsafeMutableRawPointer, _ phases: Int) -> Void

  package let context: UnsafeMutableRawPointer
  package let function: Function

  package init(context: UnsafeMutableRawPointer, _ function: @escaping Function) {
    self.context = context
    self.function = function
  }
}

extension Executor {
  /// Runs the step again and says which operation first made a value that is not finite.
  ///
  /// Storing keys again writes the same bytes, so the sequences are left as they were.
  package func findNonFinite() -> Node? {
    inspection = Inspection()
    defer { inspection = nil }
    run()
    return inspection?.node.map { plan.graph.nodes[$0] }
  }

  private struct Inspection {
    var node: Int?
  }

  private func inspect(phase: Int) {
    guard inspection != nil, inspection?.node == nil else { return }
    // Before its last stage a phase has not made its values.
    guard phase + 1 == phases.count || phases[phase + 1].number != phases[phase].number else { return }
    for node in plan.phases[phases[phase].number].groups.joined() {
      for output in plan.graph.nodes[node].outputs where plan.graph[output].type.element == .f32 {
        let type = plan.graph[output].type
        guard let offset = plan.memory.offsets[output] else { continue }
        let base = (arena.base + offset).assumingMemoryBound(to: Float.self)
        for row in 0..<step.sizes[type.rows] {
          let floats = UnsafeBufferPointer(start: base + row * type.rowBytes / 4, count: type.columns)
          if !floats.allSatisfy(\.isFinite) {
            inspection?.node = node
            return
          }
        }
      }
    }
  }
}

/// A stage of a phase: its kernels and, for the step at hand, where each one's units start.
private final class BoundPhase {
  /// The number of the phase in the plan.
  let number: Int
  let stage: Int
  private let kernels: [Kernel]
  private let starts: UnsafeMutablePointer<Int>

  init(_ kernels: [Kernel], number: Int, stage: Int) {
    self.kernels = kernels
    self.number = number
    self.stage = stage
    starts = .allocate(capacity: kernels.count + 1)
    starts.initialize(repeating: 0, count: kernels.count + 1)
  }

  deinit {
    starts.deallocate()
  }

  func prepare(_ step: Step) {
    // By index: an array's iterator allocates in an unoptimised build.
    var areSmall = stage == 0
    for index in 0..<kernels.count {
      starts[index + 1] = starts[index] + kernels[index].unitCount(step, stage: stage)
      areSmall = areSmall && kernels[index].isSmall(step)
    }
    isSmall = starts[kernels.count] <= 1 || areSmall
  }

  /// Whether no kernel has work in the step at hand that is worth another thread.
  private(set) var isSmall = false

  /// The next unit nobody has taken: its kernel, its number there, and the kernel's index.
  func claim(_ counter: UnsafeMutablePointer<Atomic<Int>>) -> (Kernel, Int, Int)? {
    let unit = counter.pointee.wrappingAdd(1, ordering: .relaxed).oldValue
    guard unit < starts[kernels.count] else { return nil }
    var index = 0
    while unit >= starts[index + 1] {
      index += 1
    }
    return (kernels[index], unit - starts[index], index)
  }
}

extension Step {
  /// The memory a step input is bound to.
  func base(of input: StepInput) -> UnsafeMutableRawPointer {
    switch input {
    case .tokenIDs: UnsafeMutableRawPointer(tokenIDs)
    case .positions: UnsafeMutableRawPointer(positions)
    case .outputRows: UnsafeMutableRawPointer(outputRows)
    case .segments: UnsafeMutableRawPointer(segments)
    case .targets: UnsafeMutableRawPointer(targets)
    case .lossWeights: UnsafeMutableRawPointer(lossWeights)
    case .scoreWeights: UnsafeMutableRawPointer(scoreWeights)
    }
  }
}
