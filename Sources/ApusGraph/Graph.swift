// The graph: values, and the operations that make them, in an order in which they may run.

import ApusTensor

/// The index of a value in its graph.
package struct ValueID: Hashable, Sendable, Comparable {
  package let index: Int
  package static func < (left: ValueID, right: ValueID) -> Bool { left.index < right.index }
}

/// Where a value comes from.
package enum ValueSource: Hashable, Sendable {
  case node
  /// Bound to the step at run time.
  case input(StepInput)
  /// A weight, by reference.
  case parameter(ParameterReference)
  /// Where the gradient of a weight is gathered, outside of the arena.
  case gradient(ParameterReference)
}

/// A part of the step that operations read.
package enum StepInput: String, Hashable, Sendable {
  case tokenIDs
  case positions
  case outputRows
  case segments
  case targets
  case lossWeights
  case scoreWeights
}

/// A weight of the model: a tensor of the file, or a range of its rows (a fused Q/K/V matrix holds three).
package struct ParameterReference: Hashable, Sendable {
  package var tensor: String
  package var rows: Range<Int>
  package var role: Role

  /// What the operation does with it, which decides how it is stored.
  package enum Role: Hashable, Sendable {
    case product
    case lookup
    case vector
  }

  /// The same weight however it is used: what its gradient is gathered under.
  package var stored: ParameterReference {
    ParameterReference(tensor: tensor, rows: rows, role: role == .vector ? .vector : .product)
  }

  package init(tensor: String, rows: Range<Int>, role: Role) {
    self.tensor = tensor
    self.rows = rows
    self.role = role
  }
}

/// A value: something computed, bound or loaded.
package struct Value: Sendable {
  package var name: String
  package var type: ValueType
  package var source: ValueSource
}

/// An operation with its operands.
package struct Node: Sendable {
  package var operation: any Operation
  package var inputs: [ValueID]
  package var outputs: [ValueID]
  /// The part of the model it belongs to, as a path: "layer 3/attention".
  package var scope: String
  /// Values that must have been made before, though they are not read.
  package var after: [ValueID] = []

  package var name: String { type(of: operation).name }
}

/// A computation. Nodes stand in an order in which each value is made before it is read.
package struct Graph: Sendable {
  package internal(set) var values: [Value] = []
  package internal(set) var nodes: [Node] = []
  /// The values a caller reads after a run.
  package internal(set) var results: [ValueID] = []

  package init() {}

  package subscript(_ id: ValueID) -> Value {
    get { values[id.index] }
    set { values[id.index] = newValue }
  }

  /// The types of values.
  package func types(_ ids: [ValueID]) -> [ValueType] {
    ids.map { self[$0].type }
  }

  /// For each value, the nodes that read it, ascending.
  ///
  /// - Complexity: O(edges).
  package func readers() -> [ValueID: [Int]] {
    var readers: [ValueID: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for input in Set(node.inputs) {
        readers[input, default: []].append(index)
      }
    }
    return readers
  }

  /// For each computed value, the node that makes it.
  package func producers() -> [ValueID: Int] {
    var producers: [ValueID: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs {
        producers[output] = index
      }
    }
    return producers
  }

  mutating func addValue(_ name: String, _ type: ValueType, _ source: ValueSource) -> ValueID {
    values.append(Value(name: name, type: type, source: source))
    return ValueID(index: values.count - 1)
  }
}
