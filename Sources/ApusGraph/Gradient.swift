// Reverse-mode differentiation as a rewriting of the graph: each operation's file says which operations its gradient
// takes, and they join the same graph. Passes, phases, memory plan and profiler then serve both directions alike.
// Griewank and Walther 2008, "Evaluating Derivatives", chapter 3

import ApusTensor

extension Graph {
  /// The graph with the gradients of `losses` by every weight that `isTrained`.
  ///
  /// Nodes are visited from the last to the first, so the gradients of a value's readers are added in that order:
  /// always the same sums.
  ///
  /// - Parameter losses: values whose operation starts from nothing (a cross entropy); or, in tests, a value and the
  ///   gradient it starts from.
  /// - Complexity: O(edges).
  package func differentiated(
    from losses: [ValueID: ValueID?], isTrained: (ParameterReference) -> Bool
  ) throws(GraphError) -> Graph {
    var g = GradientBuilder(self, from: losses, isTrained: isTrained)
    for index in nodes.indices.reversed() {
      try g.visit(index)
    }
    return g.builder.graph
  }
}

/// What an operation writes its gradient with.
package struct GradientBuilder {
  /// The graph so far, forward and backward.
  package var builder: GraphBuilder
  /// The node whose gradient is being written.
  private(set) var node = 0
  /// Gradients found so far, summed; a key or value store has two parts.
  private var gradients: [Part: ValueID] = [:]
  private let starts: Set<ValueID>
  /// Values that a trained weight has a part in.
  private let wanted: Set<ValueID>
  /// What gathered a weight's gradient last: the next must wait for it.
  private var gathered: [String: [(rows: Range<Int>, effect: ValueID)]] = [:]

  private struct Part: Hashable {
    let value: ValueID
    let part: Int
  }

  fileprivate init(
    _ graph: Graph, from losses: [ValueID: ValueID?], isTrained: (ParameterReference) -> Bool
  ) {
    builder = GraphBuilder(continuing: graph)
    starts = Set(losses.keys)
    for (loss, gradient) in losses {
      if let gradient { gradients[Part(value: loss, part: 0)] = gradient }
    }
    var wanted: Set<ValueID> = []
    for (index, value) in graph.values.enumerated() {
      if case .parameter(let reference) = value.source, isTrained(reference) {
        wanted.insert(ValueID(index: index))
      }
    }
    for node in graph.nodes where node.inputs.contains(where: wanted.contains) {
      wanted.formUnion(node.outputs)
    }
    self.wanted = wanted
  }

  fileprivate mutating func visit(_ index: Int) throws(GraphError) {
    let visited = builder.graph.nodes[index]
    let hasGradient = visited.outputs.contains { output in
      starts.contains(output) || gradients[Part(value: output, part: 0)] != nil
    }
    guard hasGradient, visited.inputs.contains(where: wanted.contains) else { return }
    node = index
    builder.setScope(visited.scope.isEmpty ? "backward" : "backward/\(visited.scope)")
    try visited.operation.gradient(of: visited, &self)
  }

  /// Whether the gradient of a value is of use.
  package func wants(_ value: ValueID) -> Bool { wanted.contains(value) }

  /// The gradient of a value, as far as it is known: complete for the outputs of the node visited.
  package func gradient(of value: ValueID, part: Int = 0) -> ValueID? {
    gradients[Part(value: value, part: part)]
  }

  /// The gradient of the node's only output.
  package func outputGradient(_ node: Node) -> ValueID {
    gradients[Part(value: node.outputs[0], part: 0)]!
  }

  /// Adds to the gradient of a value.
  package mutating func add(_ gradient: ValueID, to value: ValueID, part: Int = 0) throws(GraphError) {
    guard wants(value) else { return }
    let key = Part(value: value, part: part)
    if let sum = gradients[key] {
      gradients[key] = try builder.add(sum, gradient)
    } else {
      gradients[key] = gradient
    }
  }

  /// Appends an operation.
  package mutating func apply(_ operation: some Operation, _ inputs: [ValueID]) throws(GraphError)
    -> [ValueID]
  {
    try builder.apply(operation, inputs)
  }

  /// Appends an operation that adds to the gradient of a weight: its last input is the memory it adds to.
  ///
  /// - Parameter operation: made from whether it is the first to write there in a run.
  package mutating func gather(
    into parameter: ValueID, _ inputs: [ValueID], _ operation: (_ isFirst: Bool) -> some Operation
  ) throws(GraphError) {
    guard wants(parameter), case .parameter(let reference) = builder.graph[parameter].source else { return }
    let memory = builder.gradientMemory(of: parameter)
    let earlier = gathered[reference.tensor, default: []].filter { $0.rows.overlaps(reference.rows) }
    let effect = try builder.apply(
      operation(earlier.isEmpty), inputs + [memory], after: earlier.map(\.effect))[0]
    gathered[reference.tensor, default: []].append((reference.rows, effect))
  }

  /// Replaces the operation of the node visited by one that has further outputs.
  mutating func extendNode(_ operation: some Operation, outputs: [ValueType]) -> [ValueID] {
    builder.replaceOperation(ofNode: node, by: operation, addingOutputs: outputs)
  }
}
