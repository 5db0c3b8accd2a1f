// Expressions, by jinja2's precedence: if, or, and, not, comparisons, + -, ~, * / // %, **, signs, postfix,
// filters and tests.

struct ExpressionParser {
  private let tokens: [TemplateToken]
  private let limits: TemplateLimits
  private(set) var position: Int
  private var depth = 0

  init(_ tokens: [TemplateToken], from position: Int, _ limits: TemplateLimits) {
    self.tokens = tokens
    self.position = position
    self.limits = limits
  }

  // MARK: Tokens

  var line: Int { (position < tokens.count ? tokens[position] : tokens.last)?.line ?? 0 }
  var isAtEnd: Bool { position >= tokens.count }
  private var kind: TemplateToken.Kind { position < tokens.count ? tokens[position].kind : .end }

  func fail(_ message: String) -> TemplateError { TemplateError(message, line: line) }

  func isNext(_ symbol: String) -> Bool { kind == .symbol(symbol) }
  func isNextName(_ name: String) -> Bool { kind == .name(name) }

  mutating func take(_ symbol: String) -> Bool {
    guard isNext(symbol) else { return false }
    position += 1
    return true
  }

  mutating func takeName(_ name: String) -> Bool {
    guard isNextName(name) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ symbol: String) throws(TemplateError) {
    guard take(symbol) else { throw fail("'\(symbol)' expected") }
  }

  mutating func name() throws(TemplateError) -> String {
    guard case .name(let name) = kind else { throw fail("a name expected") }
    position += 1
    return name
  }

  // MARK: Precedence

  /// An expression; `allowsConditional` is false where `if` belongs to a statement.
  mutating func expression(allowsConditional: Bool = true) throws(TemplateError) -> TemplateExpression {
    guard depth < limits.depth else { throw fail("nested deeper than \(limits.depth)") }
    depth += 1
    defer { depth -= 1 }
    var value = try or()
    while allowsConditional, takeName("if") {
      let condition = try or()
      var otherwise: TemplateExpression?
      if takeName("else") { otherwise = try expression() }
      value = .conditional(value, if: condition, else: otherwise)
    }
    return value
  }

  /// An expression or a tuple without parentheses.
  mutating func tuple(allowsConditional: Bool = true) throws(TemplateError) -> TemplateExpression {
    let first = try expression(allowsConditional: allowsConditional)
    guard isNext(",") else { return first }
    var items = [first]
    while take(",") {
      if isAtEnd || isNext(")") || isNext("]") || isNext("=") { break }
      items.append(try expression(allowsConditional: allowsConditional))
    }
    return .tuple(items)
  }

  private mutating func or() throws(TemplateError) -> TemplateExpression {
    var left = try and()
    while takeName("or") { left = .or(left, try and()) }
    return left
  }

  private mutating func and() throws(TemplateError) -> TemplateExpression {
    var left = try not()
    while takeName("and") { left = .and(left, try not()) }
    return left
  }

  private mutating func not() throws(TemplateError) -> TemplateExpression {
    guard takeName("not") else { return try comparison() }
    guard depth < limits.depth else { throw fail("nested deeper than \(limits.depth)") }
    depth += 1
    defer { depth -= 1 }
    return .not(try not())
  }

  private mutating func comparison() throws(TemplateError) -> TemplateExpression {
    let left = try sum()
    var rest: [(String, TemplateExpression)] = []
    while true {
      if case .symbol(let symbol) = kind, ["==", "!=", "<", ">", "<=", ">="].contains(symbol) {
        position += 1
        rest.append((symbol, try sum()))
      } else if takeName("in") {
        rest.append(("in", try sum()))
      } else if isNextName("not"), position + 1 < tokens.count, tokens[position + 1].kind == .name("in") {
        position += 2
        rest.append(("not in", try sum()))
      } else {
        return rest.isEmpty ? left : .compare(left, rest)
      }
    }
  }

  private mutating func sum() throws(TemplateError) -> TemplateExpression {
    var left = try concatenation()
    while case .symbol(let symbol) = kind, symbol == "+" || symbol == "-" {
      position += 1
      left = .binary(symbol, left, try concatenation())
    }
    return left
  }

  private mutating func concatenation() throws(TemplateError) -> TemplateExpression {
    var items = [try product()]
    while take("~") { items.append(try product()) }
    return items.count == 1 ? items[0] : .concatenate(items)
  }

  private mutating func product() throws(TemplateError) -> TemplateExpression {
    var left = try power()
    while case .symbol(let symbol) = kind, ["*", "/", "//", "%"].contains(symbol) {
      position += 1
      left = .binary(symbol, left, try power())
    }
    return left
  }

  private mutating func power() throws(TemplateError) -> TemplateExpression {
    var left = try unary()
    while take("**") { left = .binary("**", left, try unary()) }
    return left
  }

  private mutating func unary(withFilters: Bool = true) throws(TemplateError) -> TemplateExpression {
    guard depth < limits.depth else { throw fail("nested deeper than \(limits.depth)") }
    depth += 1
    defer { depth -= 1 }
    var value: TemplateExpression
    if take("-") {
      value = .negate(try unary(withFilters: false))
    } else if take("+") {
      value = .plus(try unary(withFilters: false))
    } else {
      value = try primary()
    }
    value = try postfix(value)
    return withFilters ? try filters(value) : value
  }

  // MARK: Primaries

  private mutating func primary() throws(TemplateError) -> TemplateExpression {
    switch kind {
    case .name(let name):
      position += 1
      switch name {
      case "true", "True": return .literal(.bool(true))
      case "false", "False": return .literal(.bool(false))
      case "none", "None": return .literal(.none)
      default: return .name(name)
      }
    case .string(var text):
      position += 1
      while case .string(let more) = kind {
        text += more
        position += 1
      }
      return .literal(.string(text))
    case .int(let value):
      position += 1
      return .literal(.int(value))
    case .double(let value):
      position += 1
      return .literal(.double(value))
    case .symbol("("):
      position += 1
      if take(")") { return .tuple([]) }
      let value = try tuple()
      try expect(")")
      return value
    case .symbol("["):
      position += 1
      return .list(try items("]"))
    case .symbol("{"):
      position += 1
      return try dict()
    case .symbol(let symbol): throw fail("unexpected '\(symbol)'")
    case .end: throw fail("an expression expected")
    }
  }

  private mutating func items(_ close: String) throws(TemplateError) -> [TemplateExpression] {
    var items: [TemplateExpression] = []
    while !take(close) {
      if !items.isEmpty {
        try expect(",")
        if take(close) { break }
      }
      items.append(try expression())
    }
    return items
  }

  private mutating func dict() throws(TemplateError) -> TemplateExpression {
    var members: [(TemplateExpression, TemplateExpression)] = []
    while !take("}") {
      if !members.isEmpty {
        try expect(",")
        if take("}") { break }
      }
      let key = try expression()
      try expect(":")
      members.append((key, try expression()))
    }
    return .dict(members)
  }

  // MARK: What follows a value

  private mutating func postfix(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
    var value = value
    var links = 0
    while true {
      // A chain nests in the tree as deep as it is long.
      links += 1
      guard links <= limits.depth else { throw fail("a chain of more than \(limits.depth) links") }
      if take(".") {
        if case .int(let index) = kind {
          position += 1
          value = .item(value, .literal(.int(index)))
        } else {
          value = .attribute(value, try name())
        }
      } else if take("[") {
        value = try subscripted(value)
      } else if take("(") {
        value = .call(value, try arguments())
      } else {
        return value
      }
    }
  }

  private mutating func subscripted(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
    var parts: [TemplateExpression?] = [nil]
    while !take("]") {
      if take(":") {
        parts.append(nil)
      } else {
        guard parts[parts.count - 1] == nil, parts.count <= 3 else { throw fail("']' expected") }
        parts[parts.count - 1] = try tuple()
      }
    }
    if parts.count == 1 {
      guard let index = parts[0] else { throw fail("an index expected") }
      return .item(value, index)
    }
    guard parts.count <= 3 else { throw fail("a slice of more than three parts") }
    return .slice(value, parts[0], parts[1], parts.count > 2 ? parts[2] : nil)
  }

  /// Arguments after the opening parenthesis.
  mutating func arguments() throws(TemplateError) -> TemplateArguments {
    var arguments = TemplateArguments()
    var isFirst = true
    while !take(")") {
      if !isFirst {
        try expect(",")
        if take(")") { break }
      }
      isFirst = false
      if take("**") {
        arguments.namedSpread = try expression()
      } else if take("*") {
        arguments.spread = try expression()
      } else if case .name(let name) = kind, position + 1 < tokens.count,
        tokens[position + 1].kind == .symbol("=")
      {
        position += 2
        arguments.named.append((name, try expression()))
      } else {
        guard arguments.named.isEmpty else { throw fail("a positional argument after a named one") }
        arguments.positional.append(try expression())
      }
    }
    return arguments
  }

  private mutating func filters(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
    var value = value
    var links = 0
    while true {
      links += 1
      guard links <= limits.depth else { throw fail("a chain of more than \(limits.depth) links") }
      if take("|") {
        value = try filter(value)
      } else if takeName("is") {
        value = try test(value)
      } else if take("(") {
        value = .call(value, try arguments())
      } else {
        return value
      }
    }
  }

  /// A filter's name and arguments, after `|` or `filter`.
  mutating func filter(_ value: TemplateExpression?) throws(TemplateError) -> TemplateExpression {
    let name = try name()
    guard templateFilters[name] != nil else { throw fail("unknown filter '\(name)'") }
    return .filter(value, name, take("(") ? try arguments() : TemplateArguments())
  }

  private mutating func test(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
    let negated = takeName("not")
    let name = try name()
    guard templateTests[name] != nil else { throw fail("unknown test '\(name)'") }
    var arguments = TemplateArguments()
    if take("(") {
      arguments = try self.arguments()
    } else if takesBareArgument {
      arguments.positional = [try postfix(primary())]
    }
    return .test(value, name, arguments, negated: negated)
  }

  private var takesBareArgument: Bool {
    switch kind {
    case .name(let name): !["else", "or", "and", "is", "if", "not", "in"].contains(name)
    case .string, .int, .double, .symbol("["), .symbol("{"): true
    default: false
    }
  }
}
