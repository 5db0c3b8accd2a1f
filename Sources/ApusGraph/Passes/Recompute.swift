// Trades time for memory: values that the forward pass makes and the backward pass reads again need not be kept between
// the two, if they are made again just before they are read.        Chen et al. 2016, arXiv:1604.06174
//
//   forward   u = f(x)              forward   u = f(x)
//   backward  dx = g(u, dy)    ─▶   backward  u′ = f(x), after dy;  dx = g(u′, dy)
//
// What is made again has the same bits, so results do not depend on the choice. It is made from memory limits and so is
// no pass of the list: Plan runs it last.

import ApusTensor

/// How much of the forward pass is done twice.
package enum RecomputationBudget: Hashable, Sendable {
  /// Every value that is read again is kept.
  case none
  /// As little as makes the arena fit into so many bytes, row operations before products; if it cannot, all.
  case fitting(Int)
  /// All but the residual stream and what attention leaves.
  case all
}

extension Graph {
  /// Makes values again in the backward pass instead of keeping them; how many.
  package mutating func recompute(_ how: RecomputationBudget, limits: Sizes, chaining: Bool) -> Int {
    let candidates = recomputable(limits)
    func dropping(_ count: Int) -> Graph {
      var graph = self
      graph.makeAgain(Set(candidates.prefix(count)))
      return graph
    }
    let count: Int
    switch how {
    case .none: count = 0
    case .all: count = candidates.count
    case .fitting(let bytes):
      func fits(_ count: Int) -> Bool {
        let graph = dropping(count)
        let memory = MemoryPlan(graph, phases: graph.phases(chaining: chaining), limits: limits)
        return memory.byteCount <= bytes
      }
      // Fewer kept values mean less memory, nearly always: good enough to search by halves.
      var (low, high) = (0, candidates.count)
      while low < high {
        let middle = (low + high) / 2
        if fits(middle) { high = middle } else { low = middle + 1 }
      }
      count = low
    }
    if count > 0 { self = dropping(count) }
    return count
  }

  /// Values that can be made again: cheap ones first, of each kind the largest.
  private func recomputable(_ limits: Sizes) -> [ValueID] {
    let readers = readers()
    var candidates: [(value: ValueID, isProduct: Bool, bytes: Int)] = []
    for node in nodes where !node.isBackward && isRepeatable(node) {
      let value = node.outputs[0]
      guard !results.contains(value), readers[value, default: []].contains(where: { nodes[$0].isBackward })
      else { continue }
      let type = self[value].type
      candidates.append((value, !node.operation.isRowWise, type.rowBytes * limits[type.rows]))
    }
    // Sorting by size alone would not be stable between equals of different layers.
    return candidates.enumerated().sorted { left, right in
      let (a, b) = (left.element, right.element)
      if a.isProduct != b.isProduct { return !a.isProduct }
      if a.bytes != b.bytes { return a.bytes > b.bytes }
      return left.offset < right.offset
    }.map(\.element.value)
  }

  /// Inserts what makes `dropped` again before their first readers in the backward pass.
  private mutating func makeAgain(_ dropped: Set<ValueID>) {
    let producers = producers()
    // What only the forward pass read would now have to be kept for the copies: it is made again as well.
    let kept = Set(nodes.filter(\.isBackward).flatMap(\.inputs)).subtracting(dropped)
    var copies: [ValueID: ValueID] = [:]
    var result: [Node] = []
    /// The value to read in the backward pass: itself, or its copy, made after `anchors`.
    func current(_ value: ValueID, after anchors: [ValueID]) -> ValueID {
      guard !kept.contains(value), let producer = producers[value], !nodes[producer].isBackward,
        isRepeatable(nodes[producer])
      else { return value }
      if let copy = copies[value] { return copy }
      var node = nodes[producer]
      node.inputs = node.inputs.map { current($0, after: anchors) }
      let copy = addValue(self[value].name, self[value].type, .node)
      node.outputs = [copy]
      node.scope = "backward/" + node.scope
      node.after += anchors
      copies[value] = copy
      result.append(node)
      return copy
    }
    for var node in nodes {
      if node.isBackward {
        // What belongs to the way back anyway says how late the copy may be made.
        let anchors = node.inputs.filter { input in
          producers[input].map { nodes[$0].isBackward } ?? false
        }
        node.inputs = node.inputs.map { current($0, after: anchors) }
      }
      result.append(node)
    }
    nodes = result
  }

  /// Whether running a node twice is harmless, and brief: it makes a value from values, and none of the residual stream,
  /// which depends on everything before it.
  private func isRepeatable(_ node: Node) -> Bool {
    guard node.outputs.count == 1, self[node.outputs[0]].type.element != .effect else { return false }
    if let product = node.operation as? MatMul { return !product.hasResidual }
    return node.operation.isRowWise && !(node.operation is Add)
  }
}

extension Node {
  /// Whether it is part of the backward pass.
  package var isBackward: Bool { scope.hasPrefix("backward") }
}
