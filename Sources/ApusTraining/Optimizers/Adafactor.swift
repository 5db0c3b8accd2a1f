// Adafactor: N. Shazeer, M. Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", arXiv:1804.04235, as
// transformers defines it with `relative_step` off. Of the squares of a matrix's gradients it keeps the mean of each row and of
// each column; a vector is a matrix of one row, whose columns are its own second moments.
//
// Four runs over the workers: sums of rows and columns (in spans of 256 rows, added in ascending order); the factors of
// each tensor; the size of the update, which clipping needs; the update.

import ApusRuntime
import CApusKernels

/// The settings of Adafactor.
package struct AdafactorSettings: OptimizerSettings, Equatable {
  /// Added to the squares of the gradients.
  package var epsilon = 1e-30
  /// The least size of a tensor that the rate is multiplied with.
  package var leastScale = 1e-3
  /// The largest root mean square of an update.
  package var clipping = 1.0
  /// The second moments of step t keep 1 − t^−decay of what they were.
  package var decay = 0.8
  /// Of a mean of the updates; nil for none, and no state of the size of the weights.
  package var beta1: Double?
  package var weightDecay = 0.0
  /// Multiplies the rate with the root mean square of the weights.
  package var scalesByWeights = true

  package init() {}

  func validate() throws(LearningError) {
    try LearningError.checkPositive("epsilon", epsilon)
    try LearningError.checkPositive("least scale", leastScale)
    try LearningError.checkPositive("clipping", clipping)
    try LearningError.check("decay", decay, "a number above 0 and at most 1") { $0 > 0 && $0 <= 1 }
    if let beta1 { try LearningError.checkBeta("beta1", beta1) }
    try LearningError.checkNotNegative("weight decay", weightDecay)
  }

  func states(of tensor: TrainableTensor) -> [StateShape] {
    [StateShape("row", .f32, [tensor.rows]), StateShape("column", .f32, [tensor.columns])]
      + (beta1 == nil ? [] : [.perWeight("m", tensor)])
  }

  func scratchBytes(_ tensors: [TrainableTensor]) -> Int {
    tensors.reduce(0) { $0 + AdafactorPlan.floats($1.rows, $1.columns) * 4 }
  }

  func makeRule(_ group: TensorGroup) throws(RuntimeError) -> UpdateRule { try AdafactorRule(self, group) }
}

/// Where the working numbers of a tensor lie.
private struct AdafactorPlan {
  /// Rows summed at once.
  static let spanRows = 256

  static func spans(_ rows: Int) -> Int { (rows + spanRows - 1) / spanRows }
  /// Row factors, column factors, column sums of each span.
  static func floats(_ rows: Int, _ columns: Int) -> Int { rows + columns * (1 + spans(rows)) }

  let rowFactors: UnsafeMutablePointer<Float>
  let columnFactors: UnsafeMutablePointer<Float>
  let columnSums: UnsafeMutablePointer<Float>
  let firstSpan: Int
  let spanCount: Int
}

private final class AdafactorRule: UpdateRule {
  private let options: AdafactorSettings
  private let memory: HugeBuffer
  private let plans: UnsafeMutableBufferPointer<AdafactorPlan>
  /// The tensor and first row of each span.
  private let spans: UnsafeMutableBufferPointer<(slot: Int, firstRow: Int)>
  /// Σw² of each span, Σ(update)² of each unit.
  private let weightSquares: UnsafeMutablePointer<Double>
  private let updateSquares: UnsafeMutablePointer<Double>
  /// The rate of each tensor, before and after clipping.
  private let rates: UnsafeMutablePointer<Double>
  private let steps: UnsafeMutablePointer<Float>
  /// The share of this step's squares in the second moments.
  private var blend: Float = 1

  init(_ options: AdafactorSettings, _ group: TensorGroup) throws(RuntimeError) {
    self.options = options
    memory = try HugeBuffer(
      byteCount: max(64, options.scratchBytes(group.tensors)), purpose: "factors of Adafactor")
    plans = .allocate(capacity: group.slots.count)
    var next = memory.base.assumingMemoryBound(to: Float.self)
    var cut: [(slot: Int, firstRow: Int)] = []
    for (index, slot) in group.slots.enumerated() {
      let count = AdafactorPlan.spans(slot.rows)
      plans.initializeElement(
        at: index,
        to: AdafactorPlan(
          rowFactors: next, columnFactors: next + slot.rows, columnSums: next + slot.rows + slot.columns,
          firstSpan: cut.count, spanCount: count))
      next += AdafactorPlan.floats(slot.rows, slot.columns)
      cut += (0..<count).map { (index, $0 * AdafactorPlan.spanRows) }
    }
    spans = .allocate(capacity: cut.count)
    _ = spans.initialize(from: cut)
    weightSquares = .allocate(capacity: cut.count)
    updateSquares = .allocate(capacity: group.units.count)
    rates = .allocate(capacity: group.slots.count)
    steps = .allocate(capacity: group.slots.count)
    super.init(group)
  }

  deinit {
    plans.deallocate()
    spans.deallocate()
    weightSquares.deallocate()
    updateSquares.deallocate()
    rates.deallocate()
    steps.deallocate()
  }

  override func step() throws(RuntimeError) {
    blend = Float(apus_exp(-options.decay * apus_log(Double(settings.number))))
    parallel(spans.count) { rule, unit, _ in unsafeDowncast(rule, to: AdafactorRule.self).sum(unit) }
    parallel(plans.count) { rule, unit, _ in unsafeDowncast(rule, to: AdafactorRule.self).factor(unit) }
    parallel(group.units.count) { rule, unit, _ in
      unsafeDowncast(rule, to: AdafactorRule.self).measure(unit)
    }
    for (index, slot) in group.slots.enumerated() {
      var sum = 0.0
      for unit in slot.firstUnit..<slot.firstUnit + slot.unitCount { sum += updateSquares[unit] }
      let size = (sum / Double(slot.rows * slot.columns)).squareRoot()
      // Not max(1, …): what is not a number must stay visible.
      let clip = size / options.clipping < 1 ? 1 : size / options.clipping
      steps[index] = Float(rates[index] * slot.rateScale / clip)
    }
    try super.step()
  }

  /// The sums of a span.
  private func sum(_ span: Int) {
    let (index, firstRow) = spans[span]
    let (slot, plan) = (group.slots[index], plans[index])
    let rows = min(AdafactorPlan.spanRows, slot.rows - firstRow)
    let offset = firstRow * slot.columns
    cpu.pointee.adafactor_sums(
      slot.gradient + offset, settings.gradientScale, Int32(rows), Int32(slot.columns),
      plan.rowFactors + firstRow, plan.columnSums + (span - plan.firstSpan) * slot.columns)
    weightSquares[span] =
      options.scalesByWeights
      ? cpu.pointee.sum_squares(slot.weights + offset, nil, 1, Int64(rows * slot.columns)) : 0
  }

  /// The second moments of a tensor and what follows from them.
  private func factor(_ index: Int) {
    let (slot, plan) = (group.slots[index], plans[index])
    let rowState = slot.states.0.assumingMemoryBound(to: Float.self)
    let columnState = slot.states.1.assumingMemoryBound(to: Float.self)
    let epsilon = Float(options.epsilon)
    let keep = 1 - blend
    var total = 0.0
    for row in 0..<slot.rows {
      let mean = plan.rowFactors[row] / Float(slot.columns) + epsilon
      rowState[row] = keep * rowState[row] + blend * mean
      total += Double(rowState[row])
    }
    let mean = Float(total / Double(slot.rows))
    for row in 0..<slot.rows { plan.rowFactors[row] = 1 / (rowState[row] / mean).squareRoot() }
    for span in 1..<max(1, plan.spanCount) {
      cpu.pointee.add(
        plan.columnSums, plan.columnSums + span * slot.columns, Int32(slot.columns), plan.columnSums)
    }
    for column in 0..<slot.columns {
      let mean = plan.columnSums[column] / Float(slot.rows) + epsilon
      columnState[column] = keep * columnState[column] + blend * mean
      plan.columnFactors[column] = 1 / columnState[column].squareRoot()
    }
    var squares = 0.0
    for span in plan.firstSpan..<plan.firstSpan + plan.spanCount { squares += weightSquares[span] }
    let size = (squares / Double(slot.rows * slot.columns)).squareRoot()
    rates[index] = settings.rate * (options.scalesByWeights ? max(options.leastScale, size) : 1)
  }

  /// The size of a unit's update.
  private func measure(_ number: Int) {
    let unit = group.units[number]
    let (slot, plan) = (group.slots[unit.slot], plans[unit.slot])
    var sum = 0.0
    for row in unit.firstRow..<unit.firstRow + unit.rowCount {
      sum += cpu.pointee.sum_squares(
        slot.gradient + row * slot.columns, plan.columnFactors,
        plan.rowFactors[row] * settings.gradientScale, Int64(slot.columns))
    }
    updateSquares[number] = sum
  }

  override func update(_ unit: UpdateUnit, _ slot: TensorSlot) {
    let plan = plans[unit.slot]
    let beta1 = options.beta1 ?? 0
    // Decay goes by the tensor's own rate before clipping, as in transformers.
    var arguments = apus_adafactor(
      factor: 0, step: steps[unit.slot],
      keep: slot.decays ? Float(1 - rates[unit.slot] * options.weightDecay) : 1, beta1: Float(beta1),
      blend1: Float(1 - beta1))
    for row in unit.firstRow..<unit.firstRow + unit.rowCount {
      let offset = row * slot.columns
      arguments.factor = plan.rowFactors[row] * settings.gradientScale
      cpu.pointee.adafactor(
        &arguments, Int32(slot.columns), slot.weights + offset, slot.gradient + offset, plan.columnFactors,
        options.beta1 == nil ? nil : slot.states.2.assumingMemoryBound(to: Float.self) + offset)
    }
  }
}
