// Stochastic gradient descent, with momentum (Polyak) or Nesterov's, as PyTorch defines it: decay is added to the gradient.

import ApusRuntime
import CApusKernels

/// The settings of SGD.
package struct SGDSettings: OptimizerSettings, Equatable {
  /// 0: no momentum and no state.
  package var momentum = 0.9
  package var nesterov = false
  package var weightDecay = 0.0

  package init() {}

  func validate() throws(LearningError) {
    try LearningError.checkBeta("momentum", momentum)
    try LearningError.checkNotNegative("weight decay", weightDecay)
    if nesterov, momentum == 0 {
      throw .setting(name: "momentum", value: "0", expected: "a number above 0, because nesterov is on")
    }
  }

  func states(of tensor: TrainableTensor) -> [StateShape] {
    momentum == 0 ? [] : [.perWeight("m", tensor)]
  }

  func makeRule(_ group: TensorGroup) throws(RuntimeError) -> UpdateRule { SGDRule(self, group) }
}

private final class SGDRule: UpdateRule {
  private let options: SGDSettings

  init(_ options: SGDSettings, _ group: TensorGroup) {
    self.options = options
    super.init(group)
  }

  override func update(_ unit: UpdateUnit, _ slot: TensorSlot) {
    var arguments = apus_sgd(
      gradient_scale: settings.gradientScale, decay: slot.decays ? Float(options.weightDecay) : 0,
      momentum: Float(options.momentum), step: Float(settings.rate * slot.rateScale),
      nesterov: options.nesterov ? 1 : 0)
    let offset = unit.firstRow * slot.columns
    cpu.pointee.sgd(
      &arguments, Int32(unit.rowCount * slot.columns), slot.weights + offset, slot.gradient + offset,
      options.momentum == 0 ? nil : slot.states.0.assumingMemoryBound(to: Float.self) + offset)
  }
}
