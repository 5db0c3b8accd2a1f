// Python's operators on template values.

extension TemplateValue {
  /// `==`.
  func equals(_ other: TemplateValue) -> Bool {
    if let left = number, let right = other.number { return left == right }
    switch (self, other) {
    case (.string(let left), .string(let right)): return left == right
    case (.none, .none), (.undefined, .undefined): return true
    case (.list(let left), .list(let right)): return Self.equal(left.items, right.items)
    case (.tuple(let left), .tuple(let right)): return Self.equal(left, right)
    case (.dict(let left), .dict(let right)):
      return left.count == right.count && left.items.allSatisfy { right[$0.0].map($0.1.equals) ?? false }
    case (.namespace(let left), .namespace(let right)): return left === right
    case (.loop(let left), .loop(let right)): return left === right
    default: return false
    }
  }

  private static func equal(_ left: [TemplateValue], _ right: [TemplateValue]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
  }

  /// `<`.
  func precedes(_ other: TemplateValue) throws(TemplateError) -> Bool {
    if let left = integer, let right = other.integer { return left < right }
    if let left = number, let right = other.number { return left < right }
    switch (self, other) {
    case (.string(let left), .string(let right)): return left < right
    case (.list(let left), .list(let right)): return try Self.precedes(left.items, right.items)
    case (.tuple(let left), .tuple(let right)): return try Self.precedes(left, right)
    default:
      try requireDefined()
      try other.requireDefined()
      throw TemplateError("'<' not supported between instances of '\(typeName)' and '\(other.typeName)'")
    }
  }

  private static func precedes(_ left: [TemplateValue], _ right: [TemplateValue]) throws(TemplateError)
    -> Bool
  {
    for (a, b) in zip(left, right) where !a.equals(b) { return try a.precedes(b) }
    return left.count < right.count
  }

  /// `item in self`.
  func contains(_ item: TemplateValue) throws(TemplateError) -> Bool {
    switch self {
    case .string(let text):
      guard let part = item.textValue else {
        try item.requireDefined()
        throw TemplateError("'in <string>' requires string as left operand, not \(item.typeName)")
      }
      return text.firstIndex(of: part.plain) != nil
    case .list(let list): return list.items.contains { $0.equals(item) }
    case .tuple(let items): return items.contains { $0.equals(item) }
    case .dict(let dict), .namespace(let dict): return dict[item] != nil
    case .undefined: return false
    default: throw TemplateError("argument of type '\(typeName)' is not iterable")
    }
  }

  /// The values a loop goes through.
  func iterated() throws(TemplateError) -> [TemplateValue] {
    switch self {
    case .list(let list): return list.items
    case .tuple(let items): return items
    case .dict(let dict): return dict.keys
    case .string(let text): return text.scalars.map { .string(TemplateText([$0])) }
    case .undefined: return []
    case .loop(let loop): return loop.items
    default: throw TemplateError("'\(typeName)' object is not iterable")
    }
  }

  /// An undefined value may not take part in a computation.
  func requireDefined() throws(TemplateError) {
    if case .undefined(let name) = self { throw TemplateError(name) }
  }

  /// A binary operator other than comparisons.
  static func compute(
    _ symbol: String, _ left: TemplateValue, _ right: TemplateValue, _ limits: TemplateLimits
  ) throws(TemplateError) -> TemplateValue {
    try left.requireDefined()
    try right.requireDefined()
    if let a = left.integer, let b = right.integer, let result = try integers(symbol, a, b) { return result }
    if let a = left.number, let b = right.number { return .double(try doubles(symbol, a, b)) }
    switch (symbol, left, right) {
    case ("+", .string(let a), .string(let b)):
      guard a.count + b.count <= limits.outputCharacters else { throw tooLong(limits) }
      return .string(a + b)
    case ("+", .list(let a), .list(let b)): return .list(TemplateList(a.items + b.items))
    case ("+", .tuple(let a), .tuple(let b)): return .tuple(a + b)
    case ("*", .string(let text), _) where right.integer != nil:
      return .string(TemplateText(try repeated(text.scalars, right.integer ?? 0, limits)))
    case ("*", _, .string(let text)) where left.integer != nil:
      return .string(TemplateText(try repeated(text.scalars, left.integer ?? 0, limits)))
    case ("*", .list(let list), _) where right.integer != nil:
      return .list(TemplateList(try repeated(list.items, right.integer ?? 0, limits)))
    case ("%", .string(let format), _): return .string(try formatted(format, right))
    default:
      throw TemplateError(
        "unsupported operand type(s) for \(symbol): '\(left.typeName)' and '\(right.typeName)'")
    }
  }

  private static func tooLong(_ limits: TemplateLimits) -> TemplateError {
    TemplateError("size limit: a value of more than \(limits.outputCharacters) characters or items")
  }

  private static func repeated<Item>(
    _ items: [Item], _ count: Int, _ limits: TemplateLimits
  ) throws(TemplateError) -> [Item] {
    let count = max(0, count)
    guard items.isEmpty || count <= limits.outputCharacters / items.count else { throw tooLong(limits) }
    return Array(repeatElement(items, count: items.isEmpty ? 0 : count).joined())
  }

  private static func integers(_ symbol: String, _ a: Int, _ b: Int) throws(TemplateError) -> TemplateValue? {
    func checked(_ result: (partialValue: Int, overflow: Bool)) throws(TemplateError) -> TemplateValue {
      guard !result.overflow else { throw TemplateError("the number is too large") }
      return .int(result.partialValue)
    }
    switch symbol {
    case "+": return try checked(a.addingReportingOverflow(b))
    case "-": return try checked(a.subtractingReportingOverflow(b))
    case "*": return try checked(a.multipliedReportingOverflow(by: b))
    case "//", "%":
      guard b != 0 else { throw TemplateError("division by zero") }
      guard !(a == .min && b == -1) else { throw TemplateError("the number is too large") }
      let floor = a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0)
      return .int(symbol == "//" ? floor : a - floor * b)
    case "**" where b >= 0:
      var result = 1
      for _ in 0..<min(b, 64) {
        guard case .int(let next) = try checked(result.multipliedReportingOverflow(by: a)) else { break }
        result = next
      }
      return .int(b > 64 && abs(a) == 1 ? (b % 2 == 0 ? 1 : a) : result)
    default: return nil
    }
  }

  private static func doubles(_ symbol: String, _ a: Double, _ b: Double) throws(TemplateError) -> Double {
    switch symbol {
    case "+": return a + b
    case "-": return a - b
    case "*": return a * b
    case "/", "//", "%":
      guard b != 0 else { throw TemplateError("division by zero") }
      if symbol == "/" { return a / b }
      let floor = (a / b).rounded(.down)
      if symbol == "//" { return floor }
      let rest = a.truncatingRemainder(dividingBy: b)
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    case "**":
      var result = 1.0
      guard b == b.rounded(), abs(b) < 1e6 else { throw TemplateError("** with the exponent \(b)") }
      for _ in 0..<Int(abs(b)) { result *= a }
      return b < 0 ? 1 / result : result
    default: throw TemplateError("unknown operator \(symbol)")
    }
  }

  /// Python's `%` on strings: %s, %r, %d, %i, %f with a precision, %%.
  static func formatted(_ format: TemplateText, _ value: TemplateValue) throws(TemplateError) -> TemplateText
  {
    var values: [TemplateValue]
    if case .tuple(let items) = value { values = items } else { values = [value] }
    var result: [UInt32] = []
    var index = 0
    while index < format.count {
      let scalar = format.scalars[index]
      index += 1
      guard scalar & ~TemplateText.marks == 0x25 else {
        result.append(scalar)
        continue
      }
      var specification = ""
      while index < format.count, let character = UnicodeScalar(format.plain[index]),
        "-+ #0123456789.".unicodeScalars.contains(character)
      {
        specification.unicodeScalars.append(character)
        index += 1
      }
      guard index < format.count, let kind = UnicodeScalar(format.plain[index]) else {
        throw TemplateError("incomplete format")
      }
      index += 1
      if kind == "%" {
        result.append(0x25)
        continue
      }
      guard !values.isEmpty else { throw TemplateError("not enough arguments for format string") }
      let next = values.removeFirst()
      switch kind {
      case "s": result += next.printed.scalars
      case "r": result += next.represented.scalars
      case "d", "i":
        guard let number = next.number else { throw TemplateError("%d format: a number is required") }
        result += TemplateText(String(Int(exactly: number.rounded(.towardZero)) ?? 0)).scalars
      case "f":
        guard let number = next.number else {
          throw TemplateError("must be real number, not \(next.typeName)")
        }
        let digits =
          specification.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first.flatMap {
            Int($0)
          } ?? 6
        result += TemplateText(fixedText(number, digits: min(digits, 30))).scalars
      default: throw TemplateError("unsupported format character '\(kind)'")
      }
    }
    return TemplateText(result)
  }
}

/// `value` with exactly `digits` decimals, rounded half to even on its decimal expansion as far as doubles tell.
func fixedText(_ value: Double, digits: Int) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return pythonText(value) }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = (abs(value) * scale).rounded(.toNearestOrEven)
  guard scaled < 9e18 else { return pythonText(value) }
  var text = String(Int(scaled))
  if digits > 0 {
    text = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    text.insert(".", at: text.index(text.endIndex, offsetBy: -digits))
  }
  return (value < 0 ? "-" : "") + text
}
