// Builds a graph operation by operation. Operations add a method each in their own file, so that a model
// reads like its paper: `let q = try b.linear(x, weights.query)`.

import ApusTensor

/// The graph under construction.
package struct GraphBuilder {
  package private(set) var graph = Graph()
  private var scopes: [String] = []
  private var inputs: [StepInput: ValueID] = [:]
  private var parameters: [ParameterReference: ValueID] = [:]
  /// Roundings made so far: a value is rounded once per form, however many products read it.
  var rounded: [RoundingKey: ValueID] = [:]

  struct RoundingKey: Hashable {
    let value: ValueID
    let form: ActivationForm
  }

  package init() {}

  /// Names the part of the model that is built until `leaveScope`.
  package mutating func enterScope(_ name: String) {
    scopes.append(name)
  }

  package mutating func leaveScope() {
    scopes.removeLast()
  }

  /// A value bound to the step.
  package mutating func input(_ input: StepInput) -> ValueID {
    if let known = inputs[input] { return known }
    let rows: Extent = input == .outputRows ? .outputs : .tokens
    let id = graph.addValue(
      input.rawValue, ValueType(.i32, rows: rows, columns: 1), .input(input))
    inputs[input] = id
    return id
  }

  /// A weight. `type` is its format, `columns` the length of a row.
  package mutating func parameter(
    _ reference: ParameterReference, type: TensorType, columns: Int
  ) -> ValueID {
    if let known = parameters[reference] { return known }
    let id = graph.addValue(
      reference.tensor,
      ValueType(.weight(type), rows: .fixed(reference.rows.count), columns: columns),
      .parameter(reference))
    parameters[reference] = id
    return id
  }

  /// Appends an operation and gives its outputs.
  package mutating func apply(
    _ operation: some Operation, _ inputs: [ValueID]
  ) throws(GraphError) -> [ValueID] {
    let types = try operation.outputTypes(graph.types(inputs))
    let name = Swift.type(of: operation).name
    let outputs = types.map { graph.addValue(name, $0, .node) }
    graph.nodes.append(
      Node(
        operation: operation, inputs: inputs, outputs: outputs, scope: scopes.joined(separator: "/")))
    return outputs
  }

  /// The type of a value.
  package func type(of value: ValueID) -> ValueType { graph[value].type }

  /// Ends the graph with the values a caller reads.
  package func finish(results: [ValueID]) -> Graph {
    var graph = graph
    graph.results = results
    return graph
  }
}
