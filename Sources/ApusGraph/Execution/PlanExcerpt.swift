// Parts of a plan: where phases of many layers do the same work, one that is run can speak for all. What is measured that
// way, and what becomes of it, is decided elsewhere.

extension Plan {
  /// The plan with some of its phases only, in ascending order. Values of the others keep their places and hold whatever
  /// is there: good for measuring, not for results.
  package func excerpt(_ numbers: [Int]) -> Plan {
    Plan(self, phases: numbers.sorted().map { phases[$0] })
  }

  private init(_ whole: Plan, phases: [Phase]) {
    graph = whole.graph
    memory = whole.memory
    limits = whole.limits
    changes = whole.changes
    self.phases = phases
  }

  /// What decides how long a phase takes.
  package func likeness(ofPhase number: Int) -> PhaseLikeness {
    PhaseLikeness(
      groups: phases[number].groups.map { group in
        group.map { index in
          let node = graph.nodes[index]
          let words = node.operation.detail.split(separator: ",").filter { !$0.contains("layer ") }
          return PhaseLikeness.Work(
            name: node.name, detail: words.joined(separator: ","), inputs: graph.types(node.inputs),
            outputs: graph.types(node.outputs))
        }
      })
  }

  /// The operations of a phase, each once: "matmul Q4_K", "add + rmsnorm + round".
  package func name(ofPhase number: Int) -> String {
    var names: [String] = []
    for group in phases[number].groups {
      let name = name(of: group)
      if !names.contains(name) { names.append(name) }
    }
    return names.joined(separator: " | ")
  }

  /// The work of a phase.
  package func cost(ofPhase number: Int, _ sizes: Sizes) -> Cost {
    phases[number].groups.joined().reduce(Cost()) { $0 + cost(of: graph.nodes[$1], sizes) }
  }
}

/// Operations, settings and shapes of a phase, without its layer: phases that are alike take the same time.
package struct PhaseLikeness: Hashable, Sendable {
  package struct Work: Hashable, Sendable {
    package var name: String
    package var detail: String
    package var inputs: [ValueType]
    package var outputs: [ValueType]
  }

  package var groups: [[Work]]
}
