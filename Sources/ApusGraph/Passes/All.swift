// The passes in the order they run. To add one: write its file, add its line.

/// Every pass.
package let allPasses: [any Pass.Type] = [
  SelectRowsEarly.self,
  FuseBias.self,
  FuseActivation.self,
  RemoveDead.self,
]
