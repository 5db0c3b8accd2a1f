// Lets the product add its bias while the sums are still in registers.
//
//   addrow(matmul(x, W), b) → matmul(x, W, b)      when nobody else reads the product

package struct FuseBias: Pass {
  package static let name = "fuse-bias"

  package init() {}

  package func run(_ graph: inout Graph) -> Int {
    let producers = graph.producers()
    let readers = graph.readers()
    var fused: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() where node.operation is AddRow {
      guard let producer = producers[node.inputs[0]],
        let product = graph.nodes[producer].operation as? MatMul, !product.hasBias,
        readers[node.inputs[0]] == [index], !graph.results.contains(node.inputs[0])
      else { continue }
      graph.nodes[index] = Node(
        operation: MatMul(hasBias: true), inputs: graph.nodes[producer].inputs + [node.inputs[1]],
        outputs: node.outputs, scope: graph.nodes[producer].scope)
      fused.insert(producer)
    }
    graph.nodes = graph.nodes.enumerated().filter { !fused.contains($0.offset) }.map(\.element)
    return fused.count
  }
}
