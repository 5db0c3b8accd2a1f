// Statements: the tree of a template.

struct TemplateParser {
  private let pieces: [TemplatePiece]
  private let limits: TemplateLimits
  private var position = 0
  private var depth = 0
  private var line = 1

  /// Parses a whole template.
  static func parse(_ source: String, _ limits: TemplateLimits) throws(TemplateError) -> [TemplateStatement] {
    guard source.utf8.count <= limits.sourceBytes else {
      throw TemplateError("size limit: \(source.utf8.count) bytes are more than \(limits.sourceBytes)")
    }
    var parser = TemplateParser(pieces: try TemplateLexer(source).pieces, limits: limits)
    let (body, end, _) = try parser.body(until: [])
    guard end.isEmpty else { throw TemplateError("unexpected '\(end)'", line: parser.line) }
    return body
  }

  private init(pieces: [TemplatePiece], limits: TemplateLimits) {
    self.pieces = pieces
    self.limits = limits
  }

  /// Statements up to one of the words in `ends`, with the word and the rest of its tag.
  private mutating func body(
    until ends: [String]
  ) throws(TemplateError) -> (body: [TemplateStatement], end: String, rest: ExpressionParser) {
    guard depth < limits.depth else { throw TemplateError("nested deeper than \(limits.depth)", line: line) }
    depth += 1
    defer { depth -= 1 }
    var statements: [TemplateStatement] = []
    while position < pieces.count {
      let piece = pieces[position]
      position += 1
      switch piece {
      case .text(let text): statements.append(TemplateStatement(kind: .text(text), line: line))
      case .output(let tokens):
        line = tokens.first?.line ?? line
        var parser = ExpressionParser(tokens, from: 0, limits)
        let value = try parser.tuple()
        guard parser.isAtEnd else { throw parser.fail("'}}' expected") }
        statements.append(TemplateStatement(kind: .output(value), line: line))
      case .statement(let tokens):
        line = tokens.first?.line ?? line
        var parser = ExpressionParser(tokens, from: 0, limits)
        let word = try parser.name()
        if ends.contains(word) { return (statements, word, parser) }
        let start = line
        let kind = try statement(word, &parser)
        statements.append(TemplateStatement(kind: kind, line: start))
      }
    }
    guard ends.isEmpty else { throw TemplateError("'\(ends.last ?? "")' is missing", line: line) }
    return (statements, "", ExpressionParser([], from: 0, limits))
  }

  private mutating func statement(
    _ word: String, _ parser: inout ExpressionParser
  ) throws(TemplateError) -> TemplateStatement.Kind {
    switch word {
    case "if": return try condition(&parser)
    case "for": return try loop(&parser)
    case "set": return try assignment(&parser)
    case "macro":
      let name = try parser.name()
      return .macro(try macro(name, &parser, end: "endmacro"))
    case "call": return try callBlock(&parser)
    case "filter":
      var filter = try parser.filter(nil)
      while parser.take("|") { filter = try parser.filter(filter) }
      try finish(parser)
      return .filterBlock(filter, try body(until: ["endfilter"]).body)
    case "with": return try with(&parser)
    case "generation":
      try finish(parser)
      return .generation(try body(until: ["endgeneration"]).body)
    case "break", "continue":
      try finish(parser)
      return word == "break" ? .breakLoop : .continueLoop
    case "include", "import", "from", "extends", "block":
      throw parser.fail("'\(word)' is not supported: a chat template stands alone")
    default: throw parser.fail("unknown statement '\(word)'")
    }
  }

  private func finish(_ parser: ExpressionParser) throws(TemplateError) {
    guard parser.isAtEnd else { throw parser.fail("'%}' expected") }
  }

  private mutating func condition(_ parser: inout ExpressionParser) throws(TemplateError)
    -> TemplateStatement.Kind
  {
    var branches: [(TemplateExpression, [TemplateStatement])] = []
    var test = try parser.tuple()
    try finish(parser)
    while true {
      var (body, end, rest) = try body(until: ["elif", "else", "endif"])
      branches.append((test, body))
      switch end {
      case "elif":
        test = try rest.tuple()
        try finish(rest)
      case "else":
        return .condition(branches, else: try self.body(until: ["endif"]).body)
      default: return .condition(branches, else: [])
      }
    }
  }

  private mutating func loop(_ parser: inout ExpressionParser) throws(TemplateError) -> TemplateStatement.Kind
  {
    let target = try target(&parser)
    guard parser.takeName("in") else { throw parser.fail("'in' expected") }
    let items = try parser.tuple(allowsConditional: false)
    let condition = parser.takeName("if") ? try parser.expression() : nil
    let isRecursive = parser.takeName("recursive")
    try finish(parser)
    let (body, end, _) = try body(until: ["else", "endfor"])
    let otherwise = end == "else" ? try self.body(until: ["endfor"]).body : []
    return .loop(
      TemplateLoop(
        target: target, items: items, condition: condition, isRecursive: isRecursive, body: body,
        otherwise: otherwise))
  }

  /// Names to assign to: `a`, `ns.a`, `a, b`, `(a, b)`.
  private func target(_ parser: inout ExpressionParser) throws(TemplateError) -> TemplateTarget {
    var targets: [TemplateTarget] = []
    var isTuple = false
    repeat {
      if !targets.isEmpty, parser.isNextName("in") || parser.isNext("=") { break }
      if parser.take("(") {
        targets.append(try target(&parser))
        try parser.expect(")")
      } else {
        let name = try parser.name()
        targets.append(parser.take(".") ? .member(name, try parser.name()) : .name(name))
      }
      if parser.isNext(",") { isTuple = true }
    } while parser.take(",")
    return isTuple ? .tuple(targets) : targets[0]
  }

  private mutating func assignment(_ parser: inout ExpressionParser) throws(TemplateError)
    -> TemplateStatement.Kind
  {
    let target = try target(&parser)
    if parser.take("=") {
      let value = try parser.tuple()
      try finish(parser)
      return .assign(target, value)
    }
    var filter: TemplateExpression?
    while parser.take("|") { filter = try parser.filter(filter) }
    try finish(parser)
    return .assignBlock(target, filter: filter, try body(until: ["endset"]).body)
  }

  private mutating func macro(
    _ name: String, _ parser: inout ExpressionParser, end: String
  ) throws(TemplateError) -> TemplateMacro {
    try parser.expect("(")
    let parameters = try parameters(&parser)
    try finish(parser)
    return TemplateMacro(name: name, parameters: parameters, body: try body(until: [end]).body)
  }

  private func parameters(
    _ parser: inout ExpressionParser
  ) throws(TemplateError) -> [(name: String, fallback: TemplateExpression?)] {
    var parameters: [(name: String, fallback: TemplateExpression?)] = []
    while !parser.take(")") {
      if !parameters.isEmpty { try parser.expect(",") }
      let name = try parser.name()
      parameters.append((name, parser.take("=") ? try parser.expression() : nil))
    }
    return parameters
  }

  private mutating func callBlock(_ parser: inout ExpressionParser) throws(TemplateError)
    -> TemplateStatement.Kind
  {
    let parameters = parser.take("(") ? try parameters(&parser) : []
    let call = try parser.expression()
    guard case .call = call else { throw parser.fail("a call expected") }
    try finish(parser)
    let body = try body(until: ["endcall"]).body
    return .callBlock(call, TemplateMacro(name: "caller", parameters: parameters, body: body))
  }

  private mutating func with(_ parser: inout ExpressionParser) throws(TemplateError) -> TemplateStatement.Kind
  {
    var values: [(TemplateTarget, TemplateExpression)] = []
    while !parser.isAtEnd {
      if !values.isEmpty { try parser.expect(",") }
      let name = try parser.name()
      try parser.expect("=")
      values.append((.name(name), try parser.expression()))
    }
    return .with(values, try body(until: ["endwith"]).body)
  }
}
