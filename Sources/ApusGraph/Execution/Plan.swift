// A graph ready to be bound to memory: the graph after its passes, its phases and its memory.

import ApusTensor

/// How a graph runs.
package struct Plan: Sendable {
  package let graph: Graph
  package let phases: [Phase]
  package let memory: MemoryPlan
  package let limits: Sizes
  /// What each pass changed.
  package let changes: [(name: String, count: Int)]

  /// Optimises and plans.
  ///
  /// - Parameters:
  ///   - optimized: false keeps every operation as built, each in a phase after its operands. The results have the
  ///     same bits; it exists to prove that.
  ///   - recomputing: what is made again on the way back instead of being kept.
  package init(
    _ graph: Graph, limits: Sizes, optimized: Bool = true, passes: [any Pass.Type] = allPasses,
    recomputing: RecomputationBudget = .none
  ) {
    var graph = graph
    var changes = optimized ? graph.optimize(passes) : []
    if recomputing != .none {
      changes.append(
        ("recompute", graph.recompute(recomputing, limits: limits, chaining: optimized)))
    }
    self.changes = changes
    self.graph = graph
    self.limits = limits
    phases = graph.phases(chaining: optimized)
    memory = MemoryPlan(graph, phases: phases, limits: limits)
  }

  /// Phases with a product or attention: for one token the others are too small to share.
  package var sharedPhaseCount: Int {
    phases.count { phase in
      phase.groups.joined().contains {
        let operation = graph.nodes[$0].operation
        return !operation.isRowWise && !(operation is SelectRows)
      }
    }
  }

  /// Bytes beside the arena that kernels keep for themselves: logits of a few hundred tokens.
  package var logitBytes: Int {
    graph.nodes.reduce(0) { sum, node in
      guard node.operation is LinearCrossEntropy else { return sum }
      let x = graph[node.inputs[0]].type
      guard case .fixed(let vocabulary) = graph[node.inputs[1]].type.rows else { return sum }
      return sum
        + LinearCrossEntropy.logitBytes(tokens: limits[x.rows], vocabulary: vocabulary)
    }
  }

  /// The work of one node.
  package func cost(of node: Node, _ sizes: Sizes) -> Cost {
    node.operation.cost(graph.types(node.inputs), graph.types(node.outputs), sizes)
  }
}
