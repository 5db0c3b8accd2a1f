// Plain expressions with brackets and precedence. The solution works from the inside out and says after every step what
// is left to do, so that nothing has to be remembered.

enum Expressions: ProblemFamily {
  static let name = "expressions"
  static let levels = 1...5

  /// An expression, as written.
  private indirect enum Tree {
    case number(Int)
    case operation(Arithmetic, Tree, Tree)

    var value: Int? {
      switch self {
      case .number(let number): number
      case .operation(let operation, let left, let right):
        left.value.flatMap { left in right.value.flatMap { operation.result(left, $0, limit: Int.max) } }
      }
    }

    /// With the brackets it needs, and no others.
    var text: String {
      guard case .operation(let operation, let left, let right) = self else { return "\(value ?? 0)" }
      let isProduct = operation == .times || operation == .over
      func bracketed(_ tree: Tree, isRight: Bool) -> String {
        guard case .operation(let inner, _, _) = tree else { return tree.text }
        let isSum = inner == .plus || inner == .minus
        // On the right they are written even where 3 + (8 - 4) could do without: what is done first is seen.
        let needs = isProduct ? isSum || isRight : isRight && isSum
        return needs ? "(\(tree.text))" : tree.text
      }
      return "\(bracketed(left, isRight: false)) \(operation.rawValue) \(bracketed(right, isRight: true))"
    }

    func term(_ working: inout Working) -> Term {
      switch self {
      case .number(let number): return working.known(number)
      case .operation(let operation, let left, let right):
        let (left, right) = (left.term(&working), right.term(&working))
        return working.step(operation, left, right)
      }
    }

    /// Does the first operation both of whose sides are numbers, and returns it as a line.
    mutating func reduce() -> String? {
      guard case .operation(let operation, var left, var right) = self else { return nil }
      if case .number(let first) = left, case .number(let second) = right, let value {
        self = .number(value)
        return operation.chain(first, second)
      }
      if let line = left.reduce() {
        self = .operation(operation, left, right)
        return line
      }
      let line = right.reduce()
      self = .operation(operation, left, right)
      return line
    }
  }

  static func write(_ draft: inout Draft, _ draws: inout Draws) -> Term? {
    let tree = grow(draft.level, &draft, &draws)
    guard tree.value != nil else { return nil }
    let goal = tree.term(&draft.working)
    draft.sentences.append(question(tree.text, &draws))
    var rest = tree
    var lines: [String] = []
    while let line = rest.reduce() {
      if case .number = rest { lines.append("\(line).") } else { lines.append("\(line). Now \(rest.text).") }
    }
    draft.lines = lines
    return goal
  }

  private static func question(_ text: String, _ draws: inout Draws) -> String {
    draws.say(
      "What is \(text)?", "Calculate \(text).", "Work out \(text).", "Find the value of \(text).",
      "\(text) = ?",
      "How much is \(text)?", "Compute \(text).", "What does \(text) make?", "Please work out \(text).",
      "Can you tell me what \(text) is?", "Solve: \(text).", "What do you get for \(text)?",
      "Tell me the result of \(text).",
      "What number is \(text)?", "Evaluate \(text).", "I need the value of \(text).",
      "Here is a sum to do: \(text).",
      "What is the result of \(text)?")
  }

  /// A tree of `count` operations; its numbers fit the operations where that is easy to see, the rest is left to trying again.
  private static func grow(_ count: Int, _ draft: inout Draft, _ draws: inout Draws) -> Tree {
    guard count > 0 else { return .number(draft.amount(&draws)) }
    let operation = draws.pick([Arithmetic.plus, .plus, .minus, .minus, .times, .times, .over])
    if count == 1 {
      switch operation {
      case .times: return .operation(.times, .number(draft.few(&draws)), .number(draft.few(&draws)))
      case .over:
        let divisor = draft.few(&draws)
        return .operation(.over, .number(divisor * draws.number(2...12)), .number(divisor))
      case .plus: break
      case .minus:
        let (one, other) = (draft.amount(&draws), draft.amount(&draws))
        return .operation(.minus, .number(max(one, other)), .number(min(one, other)))
      }
    }
    if operation == .times || operation == .over {
      let factor = Tree.number(draft.few(&draws))
      let rest = grow(count - 1, &draft, &draws)
      return operation == .times && draws.onceIn(2)
        ? .operation(.times, factor, rest) : .operation(operation, rest, factor)
    }
    let left = draws.below(count)
    return .operation(operation, grow(left, &draft, &draws), grow(count - 1 - left, &draft, &draws))
  }
}
