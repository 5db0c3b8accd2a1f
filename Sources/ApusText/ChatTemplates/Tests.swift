// The tests that follow `is`.

typealias TemplateTest = @Sendable (inout Interpreter, TemplateValue, Arguments) throws(TemplateError) -> Bool

/// Every test by name.
let templateTests: [String: TemplateTest] = [
  "defined": { _, value, _ in !value.isUndefined },
  "undefined": { _, value, _ in value.isUndefined },
  "none": { _, value, _ in if case .none = value { true } else { false } },
  "boolean": { _, value, _ in if case .bool = value { true } else { false } },
  "true": { _, value, _ in if case .bool(true) = value { true } else { false } },
  "false": { _, value, _ in if case .bool(false) = value { true } else { false } },
  "integer": { _, value, _ in if case .int = value { true } else { false } },
  "float": { _, value, _ in if case .double = value { true } else { false } },
  "number": { _, value, _ in value.number != nil },
  "string": { _, value, _ in value.textValue != nil },
  "mapping": { _, value, _ in if case .dict = value { true } else { false } },
  "iterable": { _, value, _ in
    switch value {
    case .string, .list, .tuple, .dict, .undefined, .loop: true
    default: false
    }
  },
  "sequence": { _, value, _ in
    switch value {
    case .string, .list, .tuple, .dict, .undefined: true
    default: false
    }
  },
  "callable": { _, value, _ in if case .callable = value { true } else { false } },
  "sameas": { _, value, a in same(value, a.positional.first ?? .none) },
  "escaped": { _, _, _ in false },
  "odd": { _, value, _ throws(TemplateError) in try whole(value) % 2 != 0 },
  "even": { _, value, _ throws(TemplateError) in try whole(value) % 2 == 0 },
  "divisibleby": { _, value, a throws(TemplateError) in
    let divisor = try whole(a.positional.first ?? .none)
    guard divisor != 0 else { throw TemplateError("division by zero") }
    return try whole(value) % divisor == 0
  },
  "lower": { _, value, _ in
    let text = value.printed.string
    return text == text.lowercased() && text != text.uppercased()
  },
  "upper": { _, value, _ in
    let text = value.printed.string
    return text == text.uppercased() && text != text.lowercased()
  },
  "in": { _, value, a throws(TemplateError) in try (a.positional.first ?? .none).contains(value) },
  "filter": { _, value, _ in templateFilters[value.printed.string] != nil },
  "test": { _, value, _ in isTestName(value.printed.string) },
  "eq": equals, "==": equals, "equalto": equals,
  "ne": { me, value, a throws(TemplateError) in try !equals(&me, value, a) },
  "!=": { me, value, a throws(TemplateError) in try !equals(&me, value, a) },
  "lt": less, "<": less, "lessthan": less,
  "gt": { _, value, a throws(TemplateError) in try (a.positional.first ?? .none).precedes(value) },
  ">": { _, value, a throws(TemplateError) in try (a.positional.first ?? .none).precedes(value) },
  "greaterthan": { _, value, a throws(TemplateError) in try (a.positional.first ?? .none).precedes(value) },
  "le": { _, value, a throws(TemplateError) in try !(a.positional.first ?? .none).precedes(value) },
  "<=": { _, value, a throws(TemplateError) in try !(a.positional.first ?? .none).precedes(value) },
  "ge": { _, value, a throws(TemplateError) in try !value.precedes(a.positional.first ?? .none) },
  ">=": { _, value, a throws(TemplateError) in try !value.precedes(a.positional.first ?? .none) },
]

private let equals: TemplateTest = { _, value, a in value.equals(a.positional.first ?? .none) }
private let less: TemplateTest = { _, value, a throws(TemplateError) in
  try value.precedes(a.positional.first ?? .none)
}

private func isTestName(_ name: String) -> Bool { templateTests[name] != nil }

private func whole(_ value: TemplateValue) throws(TemplateError) -> Int {
  guard let number = value.integer else {
    throw TemplateError("a whole number expected, not \(value.typeName)")
  }
  return number
}

private func same(_ left: TemplateValue, _ right: TemplateValue) -> Bool {
  switch (left, right) {
  case (.list(let a), .list(let b)): a === b
  case (.dict(let a), .dict(let b)): a === b
  case (.bool(let a), .bool(let b)): a == b
  case (.bool, _), (_, .bool): false
  default: left.typeName == right.typeName && left.equals(right)
  }
}
