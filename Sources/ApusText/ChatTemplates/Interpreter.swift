// Renders a parsed template. Scopes are those of jinja2: a loop's body and a macro have their own, an `if` has
// not; what is set inside a loop is gone with its turn.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Variables of one block.
final class TemplateScope {
  var values: [String: TemplateValue] = [:]
}

struct Interpreter {
  let limits: TemplateLimits
  /// Seconds since 1970 at which the template is read; nil for now.
  let time: Int?
  private var scopes: [TemplateScope]
  private var output: [UInt32] = []
  private var steps = 0
  private var depth = 0

  /// Why a body ended before its end.
  private enum Leave { case breakLoop, continueLoop }

  init(_ variables: [String: TemplateValue], limits: TemplateLimits, time: Int? = nil) {
    self.limits = limits
    self.time = time
    let globals = TemplateScope()
    globals.values = templateGlobals()
    let scope = TemplateScope()
    scope.values = variables
    scopes = [globals, scope]
  }

  /// The text of the template.
  mutating func render(_ template: [TemplateStatement]) throws(TemplateError) -> TemplateText {
    _ = try run(template)
    return TemplateText(output)
  }

  // MARK: Bounds

  private mutating func step() throws(TemplateError) {
    steps += 1
    guard steps <= limits.steps else { throw TemplateError("step limit: more than \(limits.steps) steps") }
  }

  private mutating func write(_ text: TemplateText) throws(TemplateError) {
    guard output.count + text.count <= limits.outputCharacters else {
      throw TemplateError("size limit: the output has more than \(limits.outputCharacters) characters")
    }
    output += text.scalars
  }

  private mutating func enter() throws(TemplateError) {
    depth += 1
    guard depth <= limits.depth else { throw TemplateError("nested deeper than \(limits.depth)") }
  }

  // MARK: Scopes

  private func lookup(_ name: String) -> TemplateValue {
    for scope in scopes.reversed() {
      if let value = scope.values[name] { return value }
    }
    return .undefined("'\(name)' is undefined")
  }

  private mutating func scoped<Result>(
    _ body: (inout Interpreter) throws(TemplateError) -> Result
  ) throws(TemplateError) -> Result {
    scopes.append(TemplateScope())
    defer { scopes.removeLast() }
    return try body(&self)
  }

  private mutating func assign(_ target: TemplateTarget, _ value: TemplateValue) throws(TemplateError) {
    switch target {
    case .name(let name): scopes[scopes.count - 1].values[name] = value
    case .member(let name, let member):
      guard case .namespace(let dict) = lookup(name) else {
        throw TemplateError("cannot assign attribute on non-namespace object")
      }
      dict[member] = value
    case .tuple(let targets):
      let items = try value.iterated()
      guard items.count == targets.count else {
        throw TemplateError("cannot unpack \(items.count) values into \(targets.count) names")
      }
      for (target, item) in zip(targets, items) { try assign(target, item) }
    }
  }

  // MARK: Statements

  private mutating func run(_ statements: [TemplateStatement]) throws(TemplateError) -> Leave? {
    for statement in statements {
      do throws(TemplateError) {
        try step()
        if let leave = try run(statement.kind) { return leave }
      } catch {
        throw error.line == 0 ? TemplateError(error.message, line: statement.line) : error
      }
    }
    return nil
  }

  private mutating func run(_ kind: TemplateStatement.Kind) throws(TemplateError) -> Leave? {
    switch kind {
    case .text(let text): try write(TemplateText(text))
    case .output(let expression): try write(try evaluate(expression).printed)
    case .condition(let branches, let otherwise):
      for (condition, body) in branches where try evaluate(condition).isTrue { return try run(body) }
      return try run(otherwise)
    case .loop(let loop): try run(loop, over: try evaluate(loop.items), depth: 1)
    case .assign(let target, let expression): try assign(target, try evaluate(expression))
    case .assignBlock(let target, let filter, let body):
      var value = TemplateValue.string(try captured(body))
      if let filter { value = try evaluate(filter, blockText: value) }
      try assign(target, value)
    case .macro(let macro): try assign(.name(macro.name), .callable(callable(macro)))
    case .callBlock(let call, let macro):
      guard case .call(let function, let arguments) = call else { return nil }
      let caller = TemplateValue.callable(callable(macro))
      try write(try invoke(function, arguments, caller: caller).printed)
    case .filterBlock(let filter, let body):
      try write(try evaluate(filter, blockText: .string(try captured(body))).printed)
    case .with(let values, let body):
      return try scoped { me throws(TemplateError) in
        for (target, expression) in values { try me.assign(target, try me.evaluate(expression)) }
        return try me.run(body)
      }
    case .generation(let body):
      let start = output.count
      let leave = try run(body)
      for index in start..<output.count { output[index] |= TemplateText.generationBit }
      return leave
    case .breakLoop: return .breakLoop
    case .continueLoop: return .continueLoop
    }
    return nil
  }

  /// What a body writes, without writing it.
  private mutating func captured(_ body: [TemplateStatement]) throws(TemplateError) -> TemplateText {
    let saved = output
    output = []
    defer { output = saved }
    try scoped { me throws(TemplateError) in _ = try me.run(body) }
    return TemplateText(output)
  }

  private mutating func run(
    _ loop: TemplateLoop, over value: TemplateValue, depth loopDepth: Int
  ) throws(TemplateError) {
    try enter()
    defer { depth -= 1 }
    var items = try value.iterated()
    if let condition = loop.condition {
      var kept: [TemplateValue] = []
      for item in items {
        try step()
        let keeps = try scoped { me throws(TemplateError) in
          try me.assign(loop.target, item)
          return try me.evaluate(condition).isTrue
        }
        if keeps { kept.append(item) }
      }
      items = kept
    }
    guard !items.isEmpty else {
      _ = try scoped { me throws(TemplateError) in try me.run(loop.otherwise) }
      return
    }
    let state = LoopState(
      items, depth: loopDepth,
      recurse: loop.isRecursive
        ? { me, value throws(TemplateError) in
          let saved = me.output
          me.output = []
          defer { me.output = saved }
          try me.run(loop, over: value, depth: loopDepth + 1)
          return .string(TemplateText(me.output))
        } : nil)
    for (index, item) in items.enumerated() {
      state.index = index
      try step()
      let leave = try scoped { me throws(TemplateError) in
        try me.assign(.name("loop"), .loop(state))
        try me.assign(loop.target, item)
        return try me.run(loop.body)
      }
      if leave == .breakLoop { return }
    }
  }

  /// A macro sees the scopes it was defined in.
  private func callable(_ macro: TemplateMacro) -> TemplateCallable {
    let definition = scopes
    return TemplateCallable(name: macro.name) { me, arguments throws(TemplateError) in
      try me.enter()
      let (saved, savedOutput) = (me.scopes, me.output)
      me.scopes = definition + [TemplateScope()]
      me.output = []
      defer {
        me.depth -= 1
        me.scopes = saved
        me.output = savedOutput
      }
      guard arguments.positional.count <= macro.parameters.count else {
        throw TemplateError("macro '\(macro.name)' takes not more than \(macro.parameters.count) argument(s)")
      }
      for (name, value) in arguments.named {
        guard name == "caller" || macro.parameters.contains(where: { $0.name == name }) else {
          throw TemplateError("macro '\(macro.name)' takes no keyword argument '\(name)'")
        }
        try me.assign(.name(name), value)
      }
      for (index, parameter) in macro.parameters.enumerated() {
        if index < arguments.positional.count {
          try me.assign(.name(parameter.name), arguments.positional[index])
        } else if !arguments.named.contains(where: { $0.name == parameter.name }) {
          let value = try parameter.fallback.map { value throws(TemplateError) in try me.evaluate(value) }
          try me.assign(
            .name(parameter.name), value ?? .undefined("parameter '\(parameter.name)' was not provided"))
        }
      }
      _ = try me.run(macro.body)
      return .string(TemplateText(me.output))
    }
  }

  // MARK: Expressions

  /// The value of an expression; `blockText` is what a filter block is applied to.
  private mutating func evaluate(
    _ expression: TemplateExpression, blockText: TemplateValue? = nil
  ) throws(TemplateError) -> TemplateValue {
    try step()
    switch expression {
    case .literal(.none): return .none
    case .literal(.bool(let value)): return .bool(value)
    case .literal(.int(let value)): return .int(value)
    case .literal(.double(let value)): return .double(value)
    case .literal(.string(let text)): return .string(TemplateText(text))
    case .name(let name): return lookup(name)
    case .list(let items): return .list(TemplateList(try evaluate(items)))
    case .tuple(let items): return .tuple(try evaluate(items))
    case .dict(let members):
      let dict = TemplateDict()
      for (key, value) in members { dict[try evaluate(key)] = try evaluate(value) }
      return .dict(dict)
    case .attribute(let value, let name): return try evaluate(value).attribute(name)
    case .item(let value, let index): return try evaluate(value).item(try evaluate(index))
    case .slice(let value, let start, let stop, let stride):
      return try evaluate(value).slice(try bound(start), try bound(stop), try bound(stride))
    case .call(let function, let arguments): return try invoke(function, arguments, caller: nil)
    case .filter(let value, let name, let arguments):
      let input =
        try value.map { value throws(TemplateError) in try evaluate(value, blockText: blockText) }
        ?? blockText ?? .none
      guard let filter = templateFilters[name] else { throw TemplateError("unknown filter '\(name)'") }
      return try filter(&self, input, try evaluate(arguments))
    case .test(let value, let name, let arguments, let negated):
      guard let test = templateTests[name] else { throw TemplateError("unknown test '\(name)'") }
      return .bool(try test(&self, try evaluate(value), try evaluate(arguments)) != negated)
    case .not(let value): return .bool(!(try evaluate(value).isTrue))
    case .negate(let value): return try .compute("-", .int(0), try evaluate(value), limits)
    case .plus(let value): return try evaluate(value)
    case .and(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? try evaluate(right) : value
    case .or(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? value : try evaluate(right)
    case .binary(let symbol, let left, let right):
      return try .compute(symbol, try evaluate(left), try evaluate(right), limits)
    case .concatenate(let items):
      var text = TemplateText()
      for item in items { text = text + (try evaluate(item).printed) }
      guard text.count <= limits.outputCharacters else {
        throw TemplateError("size limit: a text of more than \(limits.outputCharacters) characters")
      }
      return .string(text)
    case .compare(let first, let rest): return try compare(first, rest)
    case .conditional(let value, let condition, let otherwise):
      if try evaluate(condition).isTrue { return try evaluate(value) }
      guard let otherwise else {
        return .undefined("the inline if-expression evaluated to false and no else section was defined")
      }
      return try evaluate(otherwise)
    }
  }

  private mutating func evaluate(_ items: [TemplateExpression]) throws(TemplateError) -> [TemplateValue] {
    var values: [TemplateValue] = []
    for item in items { values.append(try evaluate(item)) }
    return values
  }

  private mutating func evaluate(_ arguments: TemplateArguments) throws(TemplateError) -> Arguments {
    var result = Arguments(positional: try evaluate(arguments.positional))
    for (name, value) in arguments.named { result.named.append((name, try evaluate(value))) }
    if let spread = arguments.spread { result.positional += try evaluate(spread).iterated() }
    if let spread = arguments.namedSpread {
      guard case .dict(let dict) = try evaluate(spread) else { throw TemplateError("** wants a dict") }
      for (name, value) in dict.items { result.named.append((name.printed.string, value)) }
    }
    return result
  }

  private mutating func bound(_ expression: TemplateExpression?) throws(TemplateError) -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression)
    if case .none = value { return nil }
    guard let index = value.integer else { throw TemplateError("slice indices must be integers or None") }
    return index
  }

  private mutating func compare(
    _ first: TemplateExpression, _ rest: [(String, TemplateExpression)]
  ) throws(TemplateError) -> TemplateValue {
    var left = try evaluate(first)
    for (symbol, expression) in rest {
      let right = try evaluate(expression)
      let holds =
        switch symbol {
        case "==": left.equals(right)
        case "!=": !left.equals(right)
        case "<": try left.precedes(right)
        case ">": try right.precedes(left)
        case "<=": try left.precedes(right) || left.equals(right)
        case ">=": try right.precedes(left) || left.equals(right)
        case "in": try right.contains(left)
        default: try !right.contains(left)
        }
      if !holds { return .bool(false) }
      left = right
    }
    return .bool(true)
  }

  // MARK: Calls

  private mutating func invoke(
    _ function: TemplateExpression, _ arguments: TemplateArguments, caller: TemplateValue?
  ) throws(TemplateError) -> TemplateValue {
    // A method is called on its object; a dict's own key of that name is not a method.
    if case .attribute(let object, let name) = function {
      let value = try evaluate(object)
      if let method = templateMethod(of: value, name) {
        return try method(&self, value, try evaluate(arguments))
      }
      return try call(try value.attribute(name), name, try evaluate(arguments), caller)
    }
    var name = "the value"
    if case .name(let text) = function { name = text }
    return try call(try evaluate(function), name, try evaluate(arguments), caller)
  }

  private mutating func call(
    _ function: TemplateValue, _ name: String, _ arguments: Arguments, _ caller: TemplateValue?
  ) throws(TemplateError) -> TemplateValue {
    var arguments = arguments
    if let caller { arguments.named.append(("caller", caller)) }
    switch function {
    case .callable(let callable): return try callable.call(&self, arguments)
    case .loop(let loop):
      guard let recurse = loop.recurse, let items = arguments.positional.first else {
        throw TemplateError("the loop is not recursive")
      }
      return try recurse(&self, items)
    case .undefined(let message): throw TemplateError(message)
    default: throw TemplateError("'\(function.typeName)' object is not callable (\(name))")
    }
  }

  /// Applies a filter by name: `map('upper')`.
  mutating func apply(
    filter name: String, _ value: TemplateValue, _ arguments: Arguments
  ) throws(TemplateError) -> TemplateValue {
    guard let filter = templateFilters[name] else { throw TemplateError("unknown filter '\(name)'") }
    try step()
    return try filter(&self, value, arguments)
  }

  /// Applies a test by name: `select('defined')`.
  mutating func apply(
    test name: String, _ value: TemplateValue, _ arguments: Arguments
  ) throws(TemplateError) -> Bool {
    guard let test = templateTests[name] else { throw TemplateError("unknown test '\(name)'") }
    try step()
    return try test(&self, value, arguments)
  }
}

/// What every template can call.
private func templateGlobals() -> [String: TemplateValue] {
  func function(
    _ name: String, _ call: @escaping (inout Interpreter, Arguments) throws(TemplateError) -> TemplateValue
  ) -> (String, TemplateValue) {
    (name, .callable(TemplateCallable(name: name, call: call)))
  }
  return Dictionary(uniqueKeysWithValues: [
    function("range") { me, arguments throws(TemplateError) in
      var numbers: [Int] = []
      for value in arguments.positional {
        guard let number = value.integer else {
          throw TemplateError("'\(value.typeName)' object cannot be interpreted as an integer")
        }
        numbers.append(number)
      }
      guard (1...3).contains(numbers.count) else { throw TemplateError("range expects 1 to 3 arguments") }
      let (start, stop) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
      let stride = numbers.count == 3 ? numbers[2] : 1
      guard stride != 0 else { throw TemplateError("range() arg 3 must not be zero") }
      let span = Double(stop) - Double(start)
      guard span / Double(stride) <= Double(me.limits.rangeCount) else {
        throw TemplateError("size limit: range too big, the maximum is \(me.limits.rangeCount)")
      }
      return .list(TemplateList(Swift.stride(from: start, to: stop, by: stride).map { .int($0) }))
    },
    function("dict") { _, arguments throws(TemplateError) in
      let dict = TemplateDict()
      if case .dict(let other)? = arguments.positional.first {
        for (key, value) in other.items { dict[key] = value }
      }
      for (name, value) in arguments.named { dict[name] = value }
      return .dict(dict)
    },
    function("namespace") { _, arguments throws(TemplateError) in
      let dict = TemplateDict()
      if case .dict(let other)? = arguments.positional.first {
        for (key, value) in other.items { dict[key] = value }
      }
      for (name, value) in arguments.named { dict[name] = value }
      return .namespace(dict)
    },
    function("joiner") { _, arguments throws(TemplateError) in
      let separator = arguments.value(0, "sep") ?? .text(", ")
      let used = TemplateList([])
      return .callable(
        TemplateCallable(name: "joiner") { _, _ in
          defer { used.items = [.none] }
          return used.items.isEmpty ? .text("") : separator
        })
    },
    function("cycler") { _, arguments throws(TemplateError) in
      guard !arguments.positional.isEmpty else { throw TemplateError("cycler() without items") }
      let dict = TemplateDict()
      let position = TemplateList([.int(0)])
      let items = arguments.positional
      func now() -> Int { position.items[0].integer ?? 0 }
      dict["current"] = items[0]
      dict["next"] = .callable(
        TemplateCallable(name: "next") { _, _ in
          let item = items[now()]
          position.items[0] = .int((now() + 1) % items.count)
          dict["current"] = items[now()]
          return item
        })
      dict["reset"] = .callable(
        TemplateCallable(name: "reset") { _, _ in
          position.items[0] = .int(0)
          dict["current"] = items[0]
          return .none
        })
      return .namespace(dict)
    },
    function("raise_exception") { _, arguments throws(TemplateError) in
      throw TemplateError(
        arguments.positional.first?.printed.string ?? "the template refused the conversation")
    },
    function("strftime_now") { me, arguments throws(TemplateError) in
      .string(TemplateText(formattedTime(me.time, arguments.positional.first?.printed.string ?? "")))
    },
  ])
}

/// The local time of now, or a given time in UTC, by `strftime`.
private func formattedTime(_ given: Int?, _ format: String) -> String {
  var seconds = given ?? time(nil)
  var parts = tm()
  if given == nil { localtime_r(&seconds, &parts) } else { gmtime_r(&seconds, &parts) }
  var buffer = [CChar](repeating: 0, count: 512)
  let count = strftime(&buffer, buffer.count, format, &parts)
  return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
