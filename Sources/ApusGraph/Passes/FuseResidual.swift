// Lets the product add what would be added to it while its sums are still in registers.
//
//   add(matmul(x, W), r) → matmul(x, W, residual: r)      when nobody else reads the product
//
// A sum of two values is the same in either order, so the bits stay.

package struct FuseResidual: Pass {
  package static let name = "fuse-residual"

  package init() {}

  package func run(_ graph: inout Graph) -> Int {
    let (producers, readers) = (graph.producers(), graph.readers())
    var fused: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() where node.operation is Add {
      // The later of two products: the earlier one's result is there by then.
      let candidates = node.inputs.indices.filter { position in
        guard node.inputs[0] != node.inputs[1], let producer = producers[node.inputs[position]],
          let product = graph.nodes[producer].operation as? MatMul
        else { return false }
        return !fused.contains(producer) && readers[node.inputs[position]] == [index] && !product.hasResidual
          && !graph.results.contains(node.inputs[position])
      }
      guard let position = candidates.max(by: { producers[node.inputs[$0]]! < producers[node.inputs[$1]]! }),
        let producer = producers[node.inputs[position]],
        var product = graph.nodes[producer].operation as? MatMul
      else { continue }
      product.hasResidual = true
      graph.nodes[index].operation = product
      graph.nodes[index].inputs = graph.nodes[producer].inputs + [node.inputs[1 - position]]
      fused.insert(producer)
    }
    graph.nodes = graph.nodes.enumerated().filter { !fused.contains($0.offset) }.map(\.element)
    return fused.count
  }
}
