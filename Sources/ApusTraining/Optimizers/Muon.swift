// Muon: momentum whose matrices are made orthogonal before they are applied (K. Jordan et al., 2024; as
// `torch.optim.Muon`). Matrices inside the network only; embeddings, the head and vectors go by AdamW. A tensor is taken as
// one matrix, also where it holds queries, keys and values one under the other.

import ApusRuntime
import ApusTensor
import CApusKernels

/// The settings of Muon.
package struct MuonSettings: OptimizerSettings, Equatable {
  /// How the rate goes by the shape of a matrix.
  package enum Scale: Sendable {
    /// √max(1, rows / columns), as in the reference: rates about 0.02.
    case original
    /// 0.2 · √max(rows, columns) gives updates of the size of AdamW's (J. Liu et al., "Muon is Scalable for LLM Training",
    /// arXiv:2502.16982): one rate for all tensors.
    case matchAdamW

    func factor(rows: Int, columns: Int) -> Double {
      switch self {
      case .original: max(1, Double(rows) / Double(columns)).squareRoot()
      case .matchAdamW: 0.2 * Double(max(rows, columns)).squareRoot()
      }
    }
  }

  package var momentum = 0.95
  package var nesterov = true
  /// Steps of the iteration that makes a matrix orthogonal.
  package var iterations = 5
  /// A step multiplies decaying weights by 1 − rate · decay.
  package var weightDecay = 0.1
  package var scale = Scale.matchAdamW
  /// Of the products of the iteration. bf16, as in the reference, is slow where the processor has no instruction for it.
  package var precision = FloatProduct.Precision.bf16

  package init() {}

  func validate() throws(LearningError) {
    try LearningError.checkBeta("momentum", momentum)
    try LearningError.checkNotNegative("weight decay", weightDecay)
  }

  func states(of tensor: TrainableTensor) -> [StateShape] { [.perWeight("m", tensor)] }

  /// Beside it the products take about one more copy of the largest matrix.
  func scratchBytes(_ tensors: [TrainableTensor]) -> Int {
    NewtonSchulz.byteCount(tensors.map { ($0.rows, $0.columns) })
  }

  func makeRule(_ group: TensorGroup) throws(RuntimeError) -> UpdateRule { try MuonRule(self, group) }
}

private final class MuonRule: UpdateRule {
  private let options: MuonSettings
  private let newtonSchulz: NewtonSchulz
  /// Of the update, for each unit.
  private let squares: UnsafeMutablePointer<Double>
  /// The first unit of the matrix in work.
  private var firstUnit = 0

  init(_ options: MuonSettings, _ group: TensorGroup) throws(RuntimeError) {
    self.options = options
    newtonSchulz = try NewtonSchulz(
      group.tensors.map { ($0.rows, $0.columns) }, iterations: options.iterations,
      precision: options.precision,
      cpu: group.cpu, workers: group.workers)
    squares = .allocate(capacity: group.units.count)
    super.init(group)
  }

  deinit {
    squares.deallocate()
  }

  override func step() throws(RuntimeError) {
    for slot in group.slots {
      firstUnit = slot.firstUnit
      parallel(slot.unitCount) { rule, unit, _ in unsafeDowncast(rule, to: MuonRule.self).accumulate(unit) }
      let units = slot.firstUnit..<slot.firstUnit + slot.unitCount
      var sum = 0.0
      for unit in units { sum += squares[unit] }
      try newtonSchulz.orthogonalize(rows: slot.rows, columns: slot.columns, norm: sum.squareRoot())
      updateUnits(units)
    }
  }

  /// The momentum of a unit, and what of it is to be made orthogonal.
  private func accumulate(_ number: Int) {
    let unit = group.units[firstUnit + number]
    let slot = group.slots[unit.slot]
    let offset = unit.firstRow * slot.columns
    let count = unit.rowCount * slot.columns
    let m = slot.states.0.assumingMemoryBound(to: Float.self) + offset
    let blend = Float(1 - options.momentum) * settings.gradientScale
    let (keep, gradient) = (Float(options.momentum), slot.gradient + offset)
    let update = newtonSchulz.matrix + offset
    cpu.pointee.weighted_sum(blend, gradient, keep, m, Int32(count), m)
    if options.nesterov {
      cpu.pointee.weighted_sum(blend, gradient, keep, m, Int32(count), update)
    } else {
      update.update(from: m, count: count)
    }
    squares[firstUnit + number] = cpu.pointee.sum_squares(update, nil, 1, Int64(count))
  }

  override func update(_ unit: UpdateUnit, _ slot: TensorSlot) {
    let offset = unit.firstRow * slot.columns
    let factor = options.scale.factor(rows: slot.rows, columns: slot.columns)
    cpu.pointee.weighted_sum(
      -Float(settings.rate * slot.rateScale * factor), newtonSchulz.matrix + offset,
      slot.decays ? Float(1 - settings.rate * options.weightDecay) : 1, slot.weights + offset,
      Int32(unit.rowCount * slot.columns), slot.weights + offset)
  }
}
