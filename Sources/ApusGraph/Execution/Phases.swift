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
      let operands = (node.inputs + node.after).compactMap { producers[$0] }.map { place[$0] }
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
    return chaining ? phases.map(mergingChains) : phases
  }

  /// Chains over the same rows as one: for one token they are then a single unit.
  private func mergingChains(_ phase: Phase) -> Phase {
    var merged = Phase(groups: [])
    var chains: [Extent: Int] = [:]
    for group in phase.groups {
      guard let rows = rowExtent(group[0]) else {
        merged.groups.append(group)
        continue
      }
      if let chain = chains[rows] {
        merged.groups[chain] += group
      } else {
        chains[rows] = merged.groups.count
        merged.groups.append(group)
      }
    }
    return merged
  }

  /// The rows of a row-wise node.
  private func rowExtent(_ node: Int) -> Extent? {
    guard nodes[node].operation.isRowWise else { return nil }
    return self[nodes[node].outputs[0]].type.rows
  }

  private func canChain(_ node: Int, onto group: [Int]) -> Bool {
    guard let own = rowExtent(node) else { return false }
    return rowExtent(group[0]) == own
  }
}
