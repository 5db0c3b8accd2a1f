// Runs a graph by its operations' references, node by node. It is slow and obvious: what the executor is tested against.

/// A graph interpreted in numbers of one kind.
package struct ReferenceExecutor<Scalar: ReferenceScalar> {
  package let graph: Graph
  /// Whole tensors by name; vectors have one row.
  package var weights: [String: ReferenceTensor<Scalar>]
  /// Gradients gathered so far, as whole tensors.
  package private(set) var gradients: [String: ReferenceTensor<Scalar>] = [:]
  /// What the last run made, by value.
  package private(set) var values: [ValueID: ReferenceTensor<Scalar>] = [:]

  package init(_ graph: Graph, weights: [String: ReferenceTensor<Scalar>]) {
    self.graph = graph
    self.weights = weights
  }

  /// Runs a step and gives the graph's results.
  @discardableResult
  package mutating func run(_ step: ReferenceStep) -> [ReferenceTensor<Scalar>] {
    values = [:]
    for (index, value) in graph.values.enumerated() {
      switch value.source {
      case .input(let input): values[ValueID(index: index)] = step.tensor(input)
      case .parameter(let reference):
        values[ValueID(index: index)] = weight(reference.tensor).part(reference)
      case .gradient, .node: break
      }
    }
    for node in graph.nodes { run(node, step) }
    return graph.results.map { values[$0]! }
  }

  private mutating func run(_ node: Node, _ step: ReferenceStep) {
    let inputs = node.inputs.map { input in
      guard case .gradient(let reference) = graph[input].source else { return values[input]! }
      return memory(reference.tensor).part(reference)
    }
    let types = graph.types(node.outputs)
    let outputs = node.operation.reference(inputs, types, step)
    precondition(
      outputs.count == types.count, "\(node.name) makes \(outputs.count) values, not \(types.count)")
    for (output, (tensor, type)) in zip(node.outputs, zip(outputs, types)) {
      precondition(
        type.element == .effect || (tensor.rows, tensor.columns) == (step.sizes[type.rows], type.columns),
        "\(node.name) makes [\(tensor.rows), \(tensor.columns)] of \(type)")
      values[output] = tensor
    }
    // What gathers a gradient gives its memory's new content last.
    guard let memory = node.inputs.last, case .gradient(let reference) = graph[memory].source else { return }
    var content = self.memory(reference.tensor)
    content.setPart(reference, to: outputs[outputs.count - 1])
    gradients[reference.tensor] = content
  }

  private func weight(_ name: String) -> ReferenceTensor<Scalar> {
    guard let weight = weights[name] else { preconditionFailure("no weight \(name)") }
    return weight
  }

  private func memory(_ name: String) -> ReferenceTensor<Scalar> {
    gradients[name] ?? ReferenceTensor(rows: weight(name).rows, columns: weight(name).columns)
  }
}

extension ReferenceTensor {
  /// What a reference means of the tensor: rows of a matrix, values of a vector.
  package func part(_ reference: ParameterReference) -> ReferenceTensor {
    let range = elements(reference)
    var part = ReferenceTensor(
      rows: reference.role == .vector ? 1 : reference.rows.count,
      columns: reference.role == .vector ? reference.rows.count : columns)
    part.values = Array(values[range])
    return part
  }

  mutating func setPart(_ reference: ParameterReference, to part: ReferenceTensor) {
    values.replaceSubrange(elements(reference), with: part.values)
  }

  private func elements(_ reference: ParameterReference) -> Range<Int> {
    let width = reference.role == .vector ? 1 : columns
    return reference.rows.lowerBound * width..<reference.rows.upperBound * width
  }
}
