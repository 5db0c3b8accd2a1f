// How a problem is worked out: known numbers and named steps, each one operation on earlier ones. A family only says what
// depends on what; the lines of the solution, the number of steps and the canonical form all follow from here.

/// A number of a working: given, or the result of a step.
struct Term: Equatable, CustomStringConvertible {
  fileprivate let index: Int
  let value: Int

  var description: String { "\(value)" }
}

/// Known numbers and the steps on them.
struct Working {
  private struct Node {
    let value: Int
    let step: (operation: Arithmetic, left: Int, right: Int, label: String, explained: String)?
    /// The same for all workings with equal numbers and structure: names are left out, sums and products sorted.
    let form: String
  }

  private var nodes: [Node] = []
  private let limit: Int
  /// False when a step had no whole result within the limit: the problem is then drawn again.
  private(set) var isPossible = true

  /// - Parameter limit: the largest number that may occur.
  init(limit: Int) { self.limit = limit }

  /// A number the problem tells.
  mutating func known(_ value: Int) -> Term { append(Node(value: value, step: nil, form: "\(value)")) }

  /// A step. The label says what its result is, "Mia's apples"; the explained one what it follows from, "7 more apples than Mia".
  mutating func step(
    _ operation: Arithmetic, _ left: Term, _ right: Term, _ label: String = "", explained: String? = nil
  ) -> Term {
    let value = operation.result(left.value, right.value, limit: limit)
    if value == nil { isPossible = false }
    var forms = [nodes[left.index].form, nodes[right.index].form]
    if operation == .plus || operation == .times { forms.sort() }
    return append(
      Node(
        value: value ?? 0, step: (operation, left.index, right.index, label, explained ?? label),
        form: "(\(forms[0])\(operation.rawValue)\(forms[1]))"))
  }

  mutating func plus(_ left: Term, _ right: Term, _ label: String, explained: String? = nil) -> Term {
    step(.plus, left, right, label, explained: explained)
  }
  mutating func minus(_ left: Term, _ right: Term, _ label: String, explained: String? = nil) -> Term {
    step(.minus, left, right, label, explained: explained)
  }
  mutating func times(_ left: Term, _ right: Term, _ label: String, explained: String? = nil) -> Term {
    step(.times, left, right, label, explained: explained)
  }
  mutating func over(_ left: Term, _ right: Term, _ label: String, explained: String? = nil) -> Term {
    step(.over, left, right, label, explained: explained)
  }

  private mutating func append(_ node: Node) -> Term {
    nodes.append(node)
    return Term(index: nodes.count - 1, value: node.value)
  }

  /// The lines that lead to `goal`, in the order they were told; steps that do not matter are left out.
  func lines(to goal: Term, explained: Bool = false) -> [String] {
    needed(for: goal).map { index in
      guard let step = nodes[index].step else { return "" }
      let chain = step.operation.chain(nodes[step.left].value, nodes[step.right].value)
      let label = explained ? step.explained : step.label
      return label.isEmpty ? "\(chain)." : "\(label.capitalizedFirst): \(chain)."
    }
  }

  /// How many steps `goal` needs.
  func count(to goal: Term) -> Int { needed(for: goal).count }

  /// The canonical form of what leads to `goal`.
  func form(of goal: Term) -> String { nodes[goal.index].form }

  /// The steps on the way to `goal`, ascending: a step only uses earlier ones.
  private func needed(for goal: Term) -> [Int] {
    var marks = [Bool](repeating: false, count: nodes.count)
    marks[goal.index] = true
    for index in nodes.indices.reversed() where marks[index] {
      guard let step = nodes[index].step else { continue }
      marks[step.left] = true
      marks[step.right] = true
    }
    return nodes.indices.filter { marks[$0] && nodes[$0].step != nil }
  }
}
