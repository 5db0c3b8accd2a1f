// Drops operations whose results nobody reads and that change nothing else.

package struct RemoveDead: Pass {
  package static let name = "remove-dead"

  package init() {}

  package func run(_ graph: inout Graph) -> Int {
    var wanted = Set(graph.results)
    var kept: [Node] = []
    for node in graph.nodes.reversed() {
      let hasEffect = node.outputs.contains { graph[$0].type.element == .effect }
      guard hasEffect || node.outputs.contains(where: wanted.contains) else { continue }
      wanted.formUnion(node.inputs)
      kept.append(node)
    }
    let removed = graph.nodes.count - kept.count
    graph.nodes = kept.reversed()
    return removed
  }
}
