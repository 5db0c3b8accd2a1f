// AdamW: I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", arXiv:1711.05101, as PyTorch defines it. The
// arithmetic is in CApusKernels/kernels/adamw.h. States of 8 bits are in AdamW8.swift.

import ApusRuntime
import CApusKernels

/// The settings of AdamW, with 32-bit or 8-bit states.
package struct AdamWSettings: OptimizerSettings, Equatable {
  /// Of the mean of the gradients.
  package var beta1 = 0.9
  /// Of the mean of their squares.
  package var beta2 = 0.999
  /// Added to the root, outside of it.
  package var epsilon = 1e-8
  /// A step multiplies decaying weights by 1 − rate · decay.
  package var weightDecay = 0.01

  package init() {}

  func validate() throws(LearningError) {
    try LearningError.checkBeta("beta1", beta1)
    try LearningError.checkBeta("beta2", beta2)
    try LearningError.checkPositive("epsilon", epsilon)
    try LearningError.checkNotNegative("weight decay", weightDecay)
  }

  func states(of tensor: TrainableTensor) -> [StateShape] {
    [.perWeight("m", tensor), .perWeight("v", tensor)]
  }

  func makeRule(_ group: TensorGroup) throws(RuntimeError) -> UpdateRule { AdamWRule(self, group) }

  /// What the kernel is told, but for what a tensor decides.
  func arguments(_ step: StepSettings) -> apus_adamw {
    apus_adamw(
      gradient_scale: step.gradientScale, keep: 1, beta1: Float(beta1), blend1: Float(1 - beta1),
      beta2: Float(beta2), blend2: Float(1 - beta2),
      inverse_root: Float(1 / (1 - power(beta2, step.number)).squareRoot()), epsilon: Float(epsilon), step: 0)
  }
}

/// What the rules on states of 32 and 8 bits share.
class AdamRule: UpdateRule {
  private let options: AdamWSettings
  private var common = apus_adamw()
  /// rate / (1 − β₁ᵗ)
  private var rate = 0.0

  init(_ options: AdamWSettings, _ group: TensorGroup) {
    self.options = options
    super.init(group)
  }

  final override func step() throws(RuntimeError) {
    common = options.arguments(settings)
    rate = settings.rate / (1 - power(options.beta1, settings.number))
    try super.step()
  }

  final func arguments(_ slot: TensorSlot) -> apus_adamw {
    var arguments = common
    arguments.step = Float(rate * slot.rateScale)
    if slot.decays { arguments.keep = Float(1 - settings.rate * options.weightDecay) }
    return arguments
  }
}

private final class AdamWRule: AdamRule {
  override func update(_ unit: UpdateUnit, _ slot: TensorSlot) {
    var arguments = arguments(slot)
    let offset = unit.firstRow * slot.columns
    cpu.pointee.adamw(
      &arguments, Int32(unit.rowCount * slot.columns), slot.weights + offset, slot.gradient + offset,
      slot.states.0.assumingMemoryBound(to: Float.self) + offset,
      slot.states.1.assumingMemoryBound(to: Float.self) + offset)
  }
}
