// The passes in the order they run. To add one: write its file, add its line.

/// The passes of training: gradients stand beside what they are of, so fewer values may vanish into a product. A head takes
/// its products before residuals do: where scores stand beside it, what carries its gradient back has one to add.
package let trainingPasses: [any Pass.Type] = [
  FuseBias.self,
  FuseLoss.self,
  FuseResidual.self,
  RemoveDead.self,
]

/// The passes of inference.
package let allPasses: [any Pass.Type] = [
  SelectRowsEarly.self,
  FuseBias.self,
  FuseActivation.self,
  RemoveDead.self,
]
