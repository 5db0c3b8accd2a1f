// A plan as a DOT drawing for Graphviz: one cluster per phase, chains as boxes within.

extension Plan {
  /// Text for `dot -Tsvg`.
  package func dot() -> String {
    var text = "digraph apus {\n  rankdir=TB; node [shape=box, fontname=\"Helvetica\", fontsize=10];\n"
    for (index, phase) in phases.enumerated() {
      text += "  subgraph cluster_\(index) {\n    label=\"phase \(index)\"; fontsize=9; color=gray;\n"
      for group in phase.groups {
        for node in group {
          text += "    n\(node) [label=\"\(escaped(caption(node)))\"];\n"
        }
      }
      text += "  }\n"
    }
    let producers = graph.producers()
    for (index, node) in graph.nodes.enumerated() {
      for input in node.inputs {
        if let producer = producers[input] {
          text += "  n\(producer) -> n\(index) [label=\"\(escaped("\(graph[input].type)"))\", fontsize=8];\n"
        }
      }
    }
    return text + "}\n"
  }

  private func caption(_ index: Int) -> String {
    let node = graph.nodes[index]
    let weights = node.inputs.compactMap { id -> String? in
      if case .parameter = graph[id].source { return graph[id].name }
      return nil
    }
    return ([node.name, node.operation.detail] + weights).filter { !$0.isEmpty }.joined(separator: "\\n")
  }

  private func escaped(_ text: String) -> String {
    text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
  }
}
