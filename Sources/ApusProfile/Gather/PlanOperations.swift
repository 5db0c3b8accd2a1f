// The operations of a plan as profiles name them: one for each kind of operation of each part of the model, in the order
// in which they run first.

import ApusGraph
import ApusTensor

/// Which operation each group of a plan's phases belongs to.
struct PlanOperations {
  struct Entry {
    let name: String
    let scope: String
    let arithmetic: Arithmetic
  }

  private(set) var entries: [Entry] = []
  /// `[phases][groups]`, indices into `entries`; nil for groups left out.
  private(set) var places: [[Int?]] = []

  /// - Parameter includes: which groups are wanted, by their first node.
  init(_ plan: Plan, where includes: (Node) -> Bool = { _ in true }) {
    struct Key: Hashable {
      let name: String
      let scope: String
    }
    var known: [Key: Int] = [:]
    for phase in plan.phases {
      places.append(
        phase.groups.map { group in
          let nodes = group.map { plan.graph.nodes[$0] }
          guard let first = nodes.first, includes(first) else { return nil }
          let name = plan.name(of: group)
          let key = Key(name: name, scope: Self.scope(first))
          if let place = known[key] { return place }
          known[key] = entries.count
          entries.append(
            Entry(
              name: name, scope: key.scope, arithmetic: Self.arithmetic(nodes, plan.graph)))
          return entries.count - 1
        })
    }
  }

  /// A phase says whether it is the way back; the scope need not.
  private static func scope(_ node: Node) -> String {
    guard node.isBackward else { return node.scope }
    return node.scope.split(separator: "/").dropFirst().joined(separator: "/")
  }

  /// What operations that are run together are made in: of several arithmetics the fastest counts.
  static func arithmetic(_ nodes: [Node], _ graph: Graph) -> Arithmetic {
    nodes.map { arithmetic($0, graph) }.max { $0.rank < $1.rank } ?? .f32
  }

  /// What an operation's products are made in: the form of the activations they read, which the weight's format decides.
  private static func arithmetic(_ node: Node, _ graph: Graph) -> Arithmetic {
    guard node.operation is MatMul || node.operation is LinearCrossEntropy || node.operation is WeightGradient
    else { return .f32 }
    var form = ActivationForm.f32
    for input in node.inputs {
      switch graph[input].type.element {
      case .activation(let own): form = own
      case .weight(let type) where form == .f32:
        if let layout = type.layout { form = ActivationForm(layout) }
      default: break
      }
    }
    switch form {
    case .f32: return .f32
    case .bf16: return .bf16
    case .q32, .q256: return .int8
    }
  }
}

extension Arithmetic {
  /// Of an operation made of several, the fastest arithmetic counts.
  fileprivate var rank: Int {
    switch self {
    case .f32: 0
    case .bf16: 1
    case .int8: 2
    }
  }
}
