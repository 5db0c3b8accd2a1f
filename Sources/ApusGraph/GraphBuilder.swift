// Builds a graph operation by operation. Operations add a method each in their own file, so that a model
// reads like its paper: `let q = try b.linear(x, weights.query)`.

import ApusTensor

/// The graph under construction.
package struct GraphBuilder {
  package private(set) var graph = Graph()
  private var scopes: [String] = []
  private var inputs: [StepInput: ValueID] = [:]
  private var parameters: [ParameterReference: ValueID] = [:]
  private var gradients: [ParameterReference: ValueID] = [:]
  /// Roundings made so far: a value is rounded once per form, however many products read it.
  var rounded: [RoundingKey: ValueID] = [:]

  struct RoundingKey: Hashable {
    let value: ValueID
    let form: ActivationForm
  }

  package init() {}

  /// Goes on building a finished graph.
  package init(continuing graph: Graph) {
    self.graph = graph
    for (index, value) in graph.values.enumerated() {
      let id = ValueID(index: index)
      switch value.source {
      case .input(let input): inputs[input] = id
      case .parameter(let reference): parameters[reference] = id
      case .gradient(let reference): gradients[reference] = id
      case .node: break
      }
    }
    for node in graph.nodes {
      if let round = node.operation as? Round {
        rounded[RoundingKey(value: node.inputs[0], form: round.form)] = node.outputs[0]
      }
    }
  }

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
    let isReal = input == .lossWeights || input == .scoreWeights
    let id = graph.addValue(
      input.rawValue, ValueType(isReal ? .f32 : .i32, rows: rows, columns: 1), .input(input))
    inputs[input] = id
    return id
  }

  /// A weight. `type` is its format, `columns` the length of a row.
  package mutating func parameter(
    _ reference: ParameterReference, type: TensorType, columns: Int
  ) -> ValueID {
    if let known = parameters[reference] { return known }
    let rows = reference.role == .vector ? 1 : reference.rows.count
    let id = graph.addValue(
      reference.tensor, ValueType(.weight(type), rows: .fixed(rows), columns: columns), .parameter(reference))
    parameters[reference] = id
    return id
  }

  /// Where the gradient of a weight is gathered.
  package mutating func gradientMemory(of parameter: ValueID) -> ValueID {
    guard case .parameter(let reference) = graph[parameter].source else {
      preconditionFailure("only weights gather gradients")
    }
    if let known = gradients[reference.stored] { return known }
    var type = graph[parameter].type
    type.element = .f32
    let id = graph.addValue("gradient of \(reference.tensor)", type, .gradient(reference.stored))
    gradients[reference.stored] = id
    return id
  }

  /// Replaces the operation of a node and adds outputs to it.
  mutating func replaceOperation(
    ofNode index: Int, by operation: some Operation, addingOutputs types: [ValueType]
  ) -> [ValueID] {
    let outputs = types.map { graph.addValue(Swift.type(of: operation).name, $0, .node) }
    graph.nodes[index].operation = operation
    graph.nodes[index].outputs += outputs
    return outputs
  }

  /// Names the part of the model that the next operations belong to.
  mutating func setScope(_ scope: String) {
    scopes = scope.isEmpty ? [] : [scope]
  }

  /// Appends an operation and gives its outputs.
  ///
  /// - Parameter after: values that must have been made before.
  package mutating func apply(
    _ operation: some Operation, _ inputs: [ValueID], after: [ValueID] = []
  ) throws(GraphError) -> [ValueID] {
    let types = try operation.outputTypes(graph.types(inputs))
    let name = Swift.type(of: operation).name
    let outputs = types.map { graph.addValue(name, $0, .node) }
    graph.nodes.append(
      Node(
        operation: operation, inputs: inputs, outputs: outputs, scope: scopes.joined(separator: "/"),
        after: after))
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
