// Moves the selection of output rows towards the start, past every operation that treats rows one by one.
// A prompt's last layer then computes its MLP for the one row that is wanted instead of for all.
//
//   select(f(x, y)) = f(select(x), select(y))      if row r of f depends only on row r of x and y

package struct SelectRowsEarly: Pass {
  package static let name = "select-rows-early"

  package init() {}

  package func run(_ graph: inout Graph) -> Int {
    var moved = 0
    while moveOne(&graph) {
      moved += 1
    }
    return moved
  }

  private func moveOne(_ graph: inout Graph) -> Bool {
    let producers = graph.producers()
    let readers = graph.readers()
    for (index, select) in graph.nodes.enumerated() where select.operation is SelectRows {
      guard let producer = producers[select.inputs[0]] else { continue }
      let node = graph.nodes[producer]
      guard node.operation.rowsAreIndependent, node.outputs.count == 1,
        readers[node.outputs[0]] == [index], !graph.results.contains(node.outputs[0]),
        node.inputs.allSatisfy({
          producers[$0] != nil || graph[$0].type.rows != graph[node.outputs[0]].type.rows
        })
      else { continue }
      swap(&graph, producer: producer, select: index)
      return true
    }
    return false
  }

  /// Replaces `select(f(x, …))` by `f(select(x), …)` at the place of the selection.
  private func swap(_ graph: inout Graph, producer: Int, select: Int) {
    let node = graph.nodes[producer]
    let selection = graph.nodes[select]
    let tokens = graph[node.outputs[0]].type.rows
    let outputs = graph[selection.outputs[0]].type.rows
    var added: [Node] = []
    var inputs = node.inputs
    for position in inputs.indices where graph[inputs[position]].type.rows == tokens {
      let input = inputs[position]
      if let known = existingSelection(graph, of: input, by: selection.inputs[1], before: select)
        ?? added.first(where: { $0.inputs[0] == input })?.outputs[0]
      {
        inputs[position] = known
        continue
      }
      var type = graph[input].type
      type.rows = outputs
      let selected = graph.addValue(SelectRows.name, type, .node)
      added.append(
        Node(
          operation: SelectRows(), inputs: [input, selection.inputs[1]], outputs: [selected],
          scope: node.scope))
      inputs[position] = selected
    }
    let moved = Node(
      operation: node.operation, inputs: inputs, outputs: selection.outputs, scope: node.scope)
    graph.nodes.replaceSubrange(select...select, with: added + [moved])
    graph.nodes.remove(at: producer)
  }

  /// A selection of the same rows of the same value that has been made already.
  private func existingSelection(
    _ graph: Graph, of value: ValueID, by rows: ValueID, before index: Int
  ) -> ValueID? {
    graph.nodes[..<index].first {
      $0.operation is SelectRows && $0.inputs == [value, rows]
    }?.outputs[0]
  }
}
