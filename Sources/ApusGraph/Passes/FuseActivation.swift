// Lets the product apply its activation function while the sums are still in registers.
//
//   activate(matmul(x, W, b)) → matmul(x, W, b, activation)      when nobody else reads the product

package struct FuseActivation: Pass {
  package static let name = "fuse-activation"

  package init() {}

  package func run(_ graph: inout Graph) -> Int {
    graph.fuseIntoProducts { node, product in
      guard let activate = node.operation as? Activate, product.activation == nil else { return nil }
      var fused = product
      fused.activation = activate.activation
      return (fused, [])
    }
  }
}
