// Lion: X. Chen et al., "Symbolic Discovery of Optimization Algorithms", arXiv:2302.06675. The sign of a mean of gradients;
// its rate is three to ten times smaller than AdamW's, its decay as much larger.

import ApusRuntime
import CApusKernels

/// The settings of Lion.
package struct LionSettings: OptimizerSettings, Equatable {
  /// Of the mean whose sign is taken.
  package var beta1 = 0.9
  /// Of the mean that is kept.
  package var beta2 = 0.99
  /// A step multiplies decaying weights by 1 − rate · decay.
  package var weightDecay = 0.1

  package init() {}

  func validate() throws(LearningError) {
    try LearningError.checkBeta("beta1", beta1)
    try LearningError.checkBeta("beta2", beta2)
    try LearningError.checkNotNegative("weight decay", weightDecay)
  }

  func states(of tensor: TrainableTensor) -> [StateShape] { [.perWeight("m", tensor)] }

  func makeRule(_ group: TensorGroup) throws(RuntimeError) -> UpdateRule { LionRule(self, group) }
}

private final class LionRule: UpdateRule {
  private let options: LionSettings

  init(_ options: LionSettings, _ group: TensorGroup) {
    self.options = options
    super.init(group)
  }

  override func update(_ unit: UpdateUnit, _ slot: TensorSlot) {
    var arguments = apus_lion(
      gradient_scale: settings.gradientScale,
      keep: slot.decays ? Float(1 - settings.rate * options.weightDecay) : 1,
      beta1: Float(options.beta1), blend1: Float(1 - options.beta1), beta2: Float(options.beta2),
      blend2: Float(1 - options.beta2), step: Float(settings.rate * slot.rateScale))
    let offset = unit.firstRow * slot.columns
    cpu.pointee.lion(
      &arguments, Int32(unit.rowCount * slot.columns), slot.weights + offset, slot.gradient + offset,
      slot.states.0.assumingMemoryBound(to: Float.self) + offset)
  }
}
