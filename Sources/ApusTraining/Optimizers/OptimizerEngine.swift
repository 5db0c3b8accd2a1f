// One optimiser over all tensors of a model: it owns the states, and makes steps on the workers.

import ApusRuntime
import ApusTensor
import CApusKernels

/// Updates weights from gradients, in place.
///
///     let engine = try OptimizerEngine(.adamW(AdamWSettings()), tensors: tensors, workers: workers, cpu: cpu)
///     let norm = engine.gradientNorm()
///     try engine.step(number: 1, learningRate: 3e-4, gradientScale: norm.scale(clippedTo: 1))
///
/// Weights and states have the same bits for any number of workers. Not thread-safe; a step allocates nothing.
package final class OptimizerEngine {
  package let tensors: [TrainableTensor]
  /// What is kept between steps; save and restore the bytes.
  package let states: [OptimizerState]
  /// Called for rows as soon as they are written.
  package var rowsWritten: RowsWritten?

  let rules: [UpdateRule]
  let workers: WorkerPool
  let cpu: KernelTable
  /// Σg² of each unit, rule after rule, and of each tensor.
  let unitSquares: UnsafeMutablePointer<Double>
  let tensorSquares: UnsafeMutablePointer<Double>
  /// Where each tensor's units stand among them.
  let unitRanges: [Range<Int>]
  private let memory: HugeBuffer
  private let averageDecay: Double?

  /// Where the states lie.
  package var region: MemoryRegion { MemoryRegion("optimiser", memory.base, memory.byteCount) }

  /// - Parameters:
  ///   - averageDecay: keeps a running mean of the weights, of which a step keeps this share; nil for none.
  /// - Throws: `LearningError.setting`, `.memory`.
  package init(
    _ kind: OptimizerKind, tensors: [TrainableTensor], averageDecay: Double? = nil, workers: WorkerPool,
    cpu: KernelTable
  ) throws(LearningError) {
    try kind.validate()
    if let averageDecay { try LearningError.checkBeta("average decay", averageDecay) }
    self.tensors = tensors
    self.workers = workers
    self.cpu = cpu
    self.averageDecay = averageDecay
    do {
      memory = try HugeBuffer(
        byteCount: max(64, Self.stateBytes(kind, tensors, averages: averageDecay != nil)),
        purpose: "the optimiser's states")
    } catch {
      throw .memory("\(error)")
    }
    var next = memory.base
    var states: [OptimizerState] = []
    func place(_ shape: StateShape, _ tensor: TrainableTensor) -> UnsafeMutableRawPointer {
      defer { next += shape.placedBytes }
      states.append(
        OptimizerState(
          tensor: tensor.name, shape: shape,
          bytes: UnsafeMutableRawBufferPointer(start: next, count: shape.byteCount)))
      return next
    }
    var rules: [UpdateRule] = []
    for (settings, numbers) in kind.groups(tensors) where !numbers.isEmpty {
      let group = TensorGroup(
        numbers.map { tensors[$0] }, numbers: numbers,
        states: numbers.map { number in
          settings.states(of: tensors[number]).map { place($0, tensors[number]) }
        },
        averages: numbers.map { number in
          averageDecay == nil
            ? nil
            : place(.perWeight("average", tensors[number]), tensors[number])
              .assumingMemoryBound(to: Float.self)
        },
        cpu: cpu, workers: workers)
      do {
        rules.append(try settings.makeRule(group))
      } catch {
        throw .memory("\(error)")
      }
    }
    self.rules = rules
    self.states = states
    unitSquares = .allocate(capacity: rules.reduce(0) { $0 + $1.group.units.count })
    tensorSquares = .allocate(capacity: tensors.count)
    var ranges = [Range<Int>](repeating: 0..<0, count: tensors.count)
    var first = 0
    for rule in rules {
      for slot in rule.group.slots {
        ranges[slot.tensor] = first + slot.firstUnit..<first + slot.firstUnit + slot.unitCount
      }
      first += rule.group.units.count
    }
    unitRanges = ranges
  }

  deinit {
    unitSquares.deallocate()
    tensorSquares.deallocate()
  }

  /// The states an engine keeps, in the order of `states`, with the numbers of their tensors.
  package static func stateShapes(
    _ kind: OptimizerKind, _ tensors: [TrainableTensor], averages: Bool = false
  ) -> [(tensor: Int, shape: StateShape)] {
    kind.groups(tensors).flatMap { group in
      group.numbers.flatMap { number in
        group.settings.states(of: tensors[number]).map { (number, $0) }
      } + (averages ? group.numbers.map { ($0, StateShape.perWeight("average", tensors[$0])) } : [])
    }
  }

  /// Bytes an engine allocates for states, running means included.
  package static func stateBytes(
    _ kind: OptimizerKind, _ tensors: [TrainableTensor], averages: Bool = false
  ) -> Int {
    kind.stateBytes(tensors)
      + (averages ? tensors.reduce(0) { $0 + StateShape.perWeight("average", $1).placedBytes } : 0)
  }

  /// Updates all weights and states once.
  ///
  /// - Parameters:
  ///   - number: of the step, from 1 on; a resumed run goes on where it was.
  ///   - learningRate: at least 0.
  ///   - gradientScale: what every gradient is multiplied with first, for accumulation and clipping.
  /// - Throws: `RuntimeError.outOfMemory`, where Muon's products need more than at the start.
  /// - Complexity: one pass over weights, gradients and states; three over the gradients for Adafactor; Muon is all products.
  package func step(number: Int, learningRate: Double, gradientScale: Float = 1) throws(RuntimeError) {
    precondition(number >= 1, "steps count from 1")
    let settings = StepSettings(
      number: number, rate: learningRate, gradientScale: gradientScale,
      // The mean begins with the weights after the first step.
      averageBlend: number == 1 ? 1 : Float(1 - (averageDecay ?? 0)), rowsWritten: rowsWritten)
    // By index: an array's iterator allocates in an unoptimised build.
    for index in rules.indices { try rules[index].run(settings) }
  }

  /// The running mean of a tensor's weights, `[rows][columns]`; nil when none is kept.
  package func average(of tensor: Int) -> UnsafePointer<Float>? {
    for rule in rules {
      for slot in rule.group.slots where slot.tensor == tensor {
        return slot.average.map { UnsafePointer($0) }
      }
    }
    return nil
  }
}
