// Cuts a graph into phases: what may run side by side between two barriers.
//
// A node belongs to the phase after the last of its operands, with one exception that saves most barriers:
// a row-wise operation joins the chain that makes its newest operands, because a row is finished by the
// worker that started it (residual + norm + round is one chain; rotary + store is another).

/// One phase: groups that run side by side. A group is one node, or a chain of row-wise nodes in order.
package struct Phase: Sendable, Equatable {
  package var groups: [[Int]]
}

extension Graph {
  /// The phases, as indices into `nodes`.
  ///
  /// - Complexity: O(edges).
  package func phases(chaining: Bool = true) -> [Phase] {
    let producers = producers()
    var phases: [Phase] = []
    var place: [(phase: Int, group: Int)] = []
    for (index, node) in nodes.enumerated() {
      let operands = node.inputs.compactMap { producers[$0] }.map { place[$0] }
      let newest = operands.map(\.phase).max() ?? -1
      let groups = Set(operands.filter { $0.phase == newest }.map(\.group))
      if chaining, newest >= 0, groups.count == 1, let group = groups.first,
        canChain(index, onto: phases[newest].groups[group])
      {
        phases[newest].groups[group].append(index)
        place.append((newest, group))
        continue
      }
      if newest + 1 == phases.count {
        phases.append(Phase(groups: []))
      }
      place.append((newest + 1, phases[newest + 1].groups.count))
      phases[newest + 1].groups.append([index])
    }
    return phases
  }

  private func canChain(_ node: Int, onto group: [Int]) -> Bool {
    func rows(_ index: Int) -> Extent? {
      guard nodes[index].operation.isRowWise else { return nil }
      return self[nodes[index].outputs[0]].type.rows
    }
    guard let own = rows(node) else { return false }
    return rows(group[0]) == own
  }
}
