// Lets the product add its bias while the sums are still in registers.
//
//   addrow(matmul(x, W), b) → matmul(x, W, b)      when nobody else reads the product

package struct FuseBias: Pass {
  package static let name = "fuse-bias"

  package init() {}

  package func run(_ graph: inout Graph) -> Int {
    graph.fuseIntoProducts { node, product in
      guard node.operation is AddRow, !product.hasBias, product.activation == nil else { return nil }
      var fused = product
      fused.hasBias = true
      return (fused, [node.inputs[1]])
    }
  }
}

extension Graph {
  /// Replaces a product and the operation that alone reads it by one product; how often.
  ///
  /// - Parameter fuse: the product that does both, and the inputs it needs beside the first one's, or nil.
  mutating func fuseIntoProducts(_ fuse: (Node, MatMul) -> (MatMul, [ValueID])?) -> Int {
    let (producers, readers) = (producers(), readers())
    var fused: Set<Int> = []
    for (index, node) in nodes.enumerated() {
      guard let input = node.inputs.first, let producer = producers[input],
        let product = nodes[producer].operation as? MatMul, readers[input] == [index],
        !results.contains(input), let (operation, inputs) = fuse(node, product)
      else { continue }
      nodes[index] = Node(
        operation: operation, inputs: nodes[producer].inputs + inputs, outputs: node.outputs,
        scope: nodes[producer].scope)
      fused.insert(producer)
    }
    nodes = nodes.enumerated().filter { !fused.contains($0.offset) }.map(\.element)
    return fused.count
  }
}
