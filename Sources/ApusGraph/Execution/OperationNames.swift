// What an operation is called where its time is told: its name, with the weight's format where it reads one; operations
// that are run as one are joined.

extension Plan {
  /// The name of a group of a phase: "matmul Q4_K", "add + rmsnorm + round".
  package func name(of group: [Int]) -> String {
    group.map { index in
      let node = graph.nodes[index]
      for input in node.inputs {
        if case .weight(let type) = graph[input].type.element, node.name == "matmul" {
          return "\(node.name) \(type.name)"
        }
      }
      return node.name
    }.joined(separator: " + ")
  }

  /// The names of all groups, each once, in the order of the plan.
  package var operationNames: [String] {
    var seen: Set<String> = []
    return phases.flatMap { $0.groups.map(name(of:)) }.filter { seen.insert($0).inserted }
  }
}
