// The passes in the order they run. To add one: write its file, add its line.

/// The passes of training: gradients stand beside what they are of, so fewer values may vanish into a product.
package let trainingPasses: [any Pass.Type] = [
  FuseBias.self,
  FuseResidual.self,
  FuseLoss.self,
  RemoveDead.self,
]

/// The passes of inference.
package let allPasses: [any Pass.Type] = [
  SelectRowsEarly.self,
  FuseBias.self,
  FuseActivation.self,
  RemoveDead.self,
]
