// An evaluator of arithmetic that knows nothing of the generator: it reads what a solution says, as a reader would.

/// The value of an expression with + - × ÷ and brackets; nil when it is none, or a division leaves something over.
func evaluate(_ text: some StringProtocol) -> Int? {
  var parser = ArithmeticParser(rest: Array(text).filter { $0 != " " }[...])
  guard let value = parser.sum(), parser.rest.isEmpty else { return nil }
  return value
}

private struct ArithmeticParser {
  var rest: ArraySlice<Character>

  mutating func sum() -> Int? {
    guard var value = product() else { return nil }
    while let sign = rest.first, sign == "+" || sign == "-" {
      rest.removeFirst()
      guard let next = product() else { return nil }
      value = sign == "+" ? value + next : value - next
    }
    return value
  }

  mutating func product() -> Int? {
    guard var value = atom() else { return nil }
    while let sign = rest.first, sign == "×" || sign == "÷" {
      rest.removeFirst()
      guard let next = atom() else { return nil }
      if sign == "×" {
        value *= next
      } else {
        guard next != 0, value % next == 0 else { return nil }
        value /= next
      }
    }
    return value
  }

  mutating func atom() -> Int? {
    if rest.first == "(" {
      rest.removeFirst()
      guard let value = sum(), rest.popFirst() == ")" else { return nil }
      return value
    }
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest = rest.dropFirst(digits.count)
    return Int(String(digits))
  }
}

/// A line of a solution, read.
struct SolutionLine {
  /// The parts of the chain of equal terms.
  let chain: [String]
  /// What is left to do, when the line says so.
  let rest: String?

  init(_ line: String) {
    let body = line.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? line
    let parts = body.dropLast().split(separator: ". Now ", maxSplits: 1).map(String.init)
    chain = parts[0].split(separator: "=").map(String.init)
    rest = parts.count > 1 ? parts[1] : nil
  }

  var values: [Int?] { chain.map { evaluate($0) } }
}

/// The whole numbers in a text, in order.
func numbers(in text: String) -> [Int] {
  text.split { !($0.isASCII && $0.isNumber) }.compactMap { Int($0) }
}

extension String {
  var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}

extension StringProtocol {
  /// What stands between the separators.
  func components(_ separators: String...) -> [String] {
    separators.reduce([String(self)]) { parts, separator in
      parts.flatMap { $0.split(separator: separator).map(String.init) }
    }
  }
}
