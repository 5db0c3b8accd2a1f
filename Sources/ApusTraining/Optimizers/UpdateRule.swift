// What every optimiser is made of: a rule for the rows of a unit, and what is done with rows while they are in the cache.

import ApusRuntime
import ApusTensor
import CApusKernels

/// What a step is told.
struct StepSettings {
  /// From 1 on.
  let number: Int
  let rate: Double
  /// Every gradient is multiplied with it first.
  let gradientScale: Float
  /// The share of the new weights in their running mean.
  let averageBlend: Float
  let rowsWritten: RowsWritten?
}

/// Called by a worker when it has written rows, which are still in its cache: the place to write packed panels.
/// `firstRow` is a multiple of 16, and so is `rowCount` except at the end of a tensor.
package struct RowsWritten: @unchecked Sendable {
  package typealias Function =
    @convention(c) (
      _ context: UnsafeMutableRawPointer?, _ tensor: Int, _ firstRow: Int, _ rowCount: Int, _ worker: Int
    ) -> Void

  package let context: UnsafeMutableRawPointer?
  package let function: Function

  package init(context: UnsafeMutableRawPointer?, _ function: @escaping Function) {
    self.context = context
    self.function = function
  }
}

/// The settings of an optimiser, which know its states and make its rule.
protocol OptimizerSettings: Sendable {
  func validate() throws(LearningError)
  /// At most three.
  func states(of tensor: TrainableTensor) -> [StateShape]
  /// Bytes of working memory of the rule.
  func scratchBytes(_ tensors: [TrainableTensor]) -> Int
  func makeRule(_ group: TensorGroup) throws(RuntimeError) -> UpdateRule
}

extension OptimizerSettings {
  func scratchBytes(_ tensors: [TrainableTensor]) -> Int { 0 }
}

/// Updates the tensors of a group. Subclasses say how a unit is updated; those that must look at whole tensors first
/// override `step`, too.
class UpdateRule {
  let group: TensorGroup
  private(set) var settings = StepSettings(
    number: 0, rate: 0, gradientScale: 1, averageBlend: 0, rowsWritten: nil)
  /// The unit a run over a part of the units starts with.
  private var firstUnit = 0

  init(_ group: TensorGroup) {
    self.group = group
  }

  final var cpu: KernelTable { group.cpu }

  /// Updates every tensor once. Allocates nothing.
  final func run(_ settings: StepSettings) throws(RuntimeError) {
    self.settings = settings
    try step()
  }

  /// Everything of a step, `settings` being set.
  func step() throws(RuntimeError) {
    updateUnits(0..<group.units.count)
  }

  /// Updates the weights and states of a unit.
  func update(_ unit: UpdateUnit, _ slot: TensorSlot) {
    fatalError("a rule that updates nothing")
  }

  /// Updates some units, in ascending order, on all workers.
  final func updateUnits(_ range: Range<Int>) {
    firstUnit = range.lowerBound
    parallel(range.count) { rule, unit, worker in
      rule.updateAndFinish(rule.group.units[rule.firstUnit + unit], worker)
    }
  }

  private func updateAndFinish(_ unit: UpdateUnit, _ worker: Int) {
    let slot = group.slots[unit.slot]
    update(unit, slot)
    if let average = slot.average {
      let offset = unit.firstRow * slot.columns
      cpu.pointee.weighted_sum(
        settings.averageBlend, slot.weights + offset, 1 - settings.averageBlend, average + offset,
        Int32(unit.rowCount * slot.columns), average + offset)
    }
    if let written = settings.rowsWritten {
      written.function(written.context, slot.tensor, unit.firstRow, unit.rowCount, worker)
    }
  }

  /// Runs `body` once for each unit 0 ..< units. `body` is a function: it captures nothing.
  final func parallel(_ units: Int, _ body: @escaping (UpdateRule, _ unit: Int, _ worker: Int) -> Void) {
    var call = Call(rule: Unmanaged.passUnretained(self), body: body)
    withUnsafeMutablePointer(to: &call) { call in
      group.workers.parallel(units, UnsafeMutableRawPointer(call)) { context, unit, worker in
        let call = context.assumingMemoryBound(to: Call.self)
        call.pointee.rule._withUnsafeGuaranteedRef { call.pointee.body($0, unit, worker) }
      }
    }
  }

  private struct Call {
    let rule: Unmanaged<UpdateRule>
    let body: (UpdateRule, Int, Int) -> Void
  }
}

/// βⁿ by squaring: multiplications only, so the same bits on every machine.
func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, square, rest) = (1.0, base, exponent)
  while rest > 0 {
    if rest & 1 == 1 { result *= square }
    square *= square
    rest >>= 1
  }
  return result
}
