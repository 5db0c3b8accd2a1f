// The methods of Python's strings, lists and dicts that templates call.

typealias TemplateMethod =
  @Sendable (inout Interpreter, TemplateValue, Arguments) throws(TemplateError) -> TemplateValue

/// The method of that name, or nil.
func templateMethod(of value: TemplateValue, _ name: String) -> TemplateMethod? {
  switch value {
  case .string: stringMethods[name]
  case .list: listMethods[name] ?? sequenceMethods[name]
  case .tuple: sequenceMethods[name]
  case .dict: dictMethods[name]
  default: nil
  }
}

/// A method of strings, with the string at hand.
private func text(
  _ body: @escaping @Sendable (TemplateText, Arguments) throws(TemplateError) -> TemplateValue
) -> TemplateMethod {
  { _, value, arguments throws(TemplateError) in try body(value.textValue ?? TemplateText(), arguments) }
}

private func pattern(_ arguments: Arguments, _ index: Int, _ name: String) throws(TemplateError)
  -> TemplateText
{
  guard let text = arguments.value(index, name)?.textValue else {
    throw TemplateError("a string argument is missing")
  }
  return text
}

private let stringMethods: [String: TemplateMethod] = [
  "strip": text { text, a in
    .string(text.stripped(a.value(0, "chars")?.textValue?.plain, left: true, right: true))
  },
  "lstrip": text { text, a in
    .string(text.stripped(a.value(0, "chars")?.textValue?.plain, left: true, right: false))
  },
  "rstrip": text { text, a in
    .string(text.stripped(a.value(0, "chars")?.textValue?.plain, left: false, right: true))
  },
  "upper": text { text, _ in .string(text.mapped { scalar, _ in scalar.properties.uppercaseMapping }) },
  "lower": text { text, _ in .string(text.mapped { scalar, _ in scalar.properties.lowercaseMapping }) },
  "title": text { text, _ in .string(titleCased(text)) },
  "capitalize": text { text, _ in .string(capitalized(text)) },
  "split": text { text, a throws(TemplateError) in
    let limit = a.value(1, "maxsplit")?.integer ?? -1
    guard let separator = a.value(0, "sep")?.textValue else {
      return .list(TemplateList(text.splitWords(limit: limit < 0 ? .max : limit).map { .string($0) }))
    }
    guard separator.count > 0 else { throw TemplateError("empty separator") }
    return .list(
      TemplateList(text.split(separator.plain, limit: limit < 0 ? .max : limit).map { .string($0) }))
  },
  "rsplit": text { text, a throws(TemplateError) in
    let limit = a.value(1, "maxsplit")?.integer ?? -1
    guard let separator = a.value(0, "sep")?.textValue, separator.count > 0 else {
      return .list(TemplateList(text.splitWords().map { .string($0) }))
    }
    let pieces = text.split(separator.plain)
    guard limit >= 0, pieces.count > limit + 1 else { return .list(TemplateList(pieces.map { .string($0) })) }
    let head = pieces[..<(pieces.count - limit)].map(\.scalars).joined(separator: separator.scalars)
    return .list(
      TemplateList([.string(TemplateText(Array(head)))] + pieces.suffix(limit).map { .string($0) }))
  },
  "splitlines": text { text, a in
    var lines: [TemplateText] = []
    var current: [UInt32] = []
    let keeps = a.value(0, "keepends")?.isTrue ?? false
    for (index, scalar) in text.scalars.enumerated() {
      let plain = scalar & ~TemplateText.marks
      guard [0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029].contains(plain) else {
        current.append(scalar)
        continue
      }
      if plain == 0x0D, text.matches([0x0A], at: index + 1) {
        if keeps { current.append(scalar) }
        continue
      }
      if keeps { current.append(scalar) }
      lines.append(TemplateText(current))
      current = []
    }
    if !current.isEmpty { lines.append(TemplateText(current)) }
    return .list(TemplateList(lines.map { .string($0) }))
  },
  "startswith": text { text, a in .bool(prefixes(a).contains { text.matches($0, at: 0) }) },
  "endswith": text { text, a in .bool(prefixes(a).contains { text.matches($0, at: text.count - $0.count) }) },
  "replace": text { text, a throws(TemplateError) in
    let limit = a.value(2, "count")?.integer ?? -1
    return .string(
      text.replacing(
        try pattern(a, 0, "old").plain, with: try pattern(a, 1, "new"), limit: limit < 0 ? .max : limit))
  },
  "find": text { text, a throws(TemplateError) in
    .int(text.firstIndex(of: try pattern(a, 0, "sub").plain) ?? -1)
  },
  "index": text { text, a throws(TemplateError) in
    guard let index = text.firstIndex(of: try pattern(a, 0, "sub").plain) else {
      throw TemplateError("substring not found")
    }
    return .int(index)
  },
  "count": text { text, a throws(TemplateError) in
    let sub = try pattern(a, 0, "sub").plain
    return .int(sub.isEmpty ? text.count + 1 : text.split(sub).count - 1)
  },
  "join": { _, value, a throws(TemplateError) in
    let separator = value.textValue ?? TemplateText()
    var pieces: [[UInt32]] = []
    for item in try (a.value(0, "iterable") ?? .none).iterated() {
      guard let piece = item.textValue else {
        throw TemplateError("sequence item \(pieces.count): expected str instance, \(item.typeName) found")
      }
      pieces.append(piece.scalars)
    }
    return .string(TemplateText(Array(pieces.joined(separator: separator.scalars))))
  },
  "isdigit": text { text, _ in .bool(text.count > 0 && text.plain.allSatisfy { 0x30...0x39 ~= $0 }) },
  "isalpha": text { text, _ in
    .bool(text.count > 0 && text.plain.allSatisfy { Unicode.Scalar($0)?.properties.isAlphabetic ?? false })
  },
  "isspace": text { text, _ in .bool(text.count > 0 && text.scalars.allSatisfy(TemplateText.isSpace)) },
  "isupper": text { text, _ in
    let cased = text.plain.compactMap { Unicode.Scalar($0) }.filter(\.properties.isCased)
    return .bool(!cased.isEmpty && cased.allSatisfy(\.properties.isUppercase))
  },
  "islower": text { text, _ in
    let cased = text.plain.compactMap { Unicode.Scalar($0) }.filter(\.properties.isCased)
    return .bool(!cased.isEmpty && cased.allSatisfy(\.properties.isLowercase))
  },
  "removeprefix": text { text, a throws(TemplateError) in
    let prefix = try pattern(a, 0, "prefix").plain
    return .string(
      text.matches(prefix, at: 0) ? TemplateText(Array(text.scalars.dropFirst(prefix.count))) : text)
  },
  "removesuffix": text { text, a throws(TemplateError) in
    let suffix = try pattern(a, 0, "suffix").plain
    let matches = text.matches(suffix, at: text.count - suffix.count)
    return .string(matches ? TemplateText(Array(text.scalars.dropLast(suffix.count))) : text)
  },
  "format": text { text, a throws(TemplateError) in .string(try braces(text, a)) },
]

private func prefixes(_ arguments: Arguments) -> [[UInt32]] {
  guard let value = arguments.positional.first else { return [] }
  if case .tuple(let items) = value { return items.compactMap { $0.textValue?.plain } }
  return value.textValue.map { [$0.plain] } ?? []
}

/// Python's `str.title`: a letter after a letter is small.
func titleCased(_ text: TemplateText) -> TemplateText {
  text.mapped { scalar, previous in
    previous?.properties.isCased ?? false
      ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
  }
}

func capitalized(_ text: TemplateText) -> TemplateText {
  text.mapped { scalar, previous in
    previous == nil ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
  }
}

/// `"{} {0} {name}".format(…)`, without format specifications.
private func braces(_ text: TemplateText, _ arguments: Arguments) throws(TemplateError) -> TemplateText {
  var result: [UInt32] = []
  var (index, next) = (0, 0)
  while index < text.count {
    let plain = text.scalars[index] & ~TemplateText.marks
    if plain == 0x7B || plain == 0x7D, text.matches([plain], at: index + 1) {
      result.append(text.scalars[index])
      index += 2
      continue
    }
    guard plain == 0x7B else {
      result.append(text.scalars[index])
      index += 1
      continue
    }
    guard let end = text.firstIndex(of: [0x7D], from: index) else {
      throw TemplateError("expected '}' before end of string")
    }
    let field = TemplateText(Array(text.scalars[index + 1..<end])).string
    index = end + 1
    var value: TemplateValue?
    if field.isEmpty {
      value = next < arguments.positional.count ? arguments.positional[next] : nil
      next += 1
    } else if let place = Int(field) {
      value = arguments.positional.indices.contains(place) ? arguments.positional[place] : nil
    } else {
      value = arguments.named.first { $0.name == field }?.value
    }
    guard let value else { throw TemplateError("no argument for the field '{\(field)}'") }
    result += value.printed.scalars
  }
  return TemplateText(result)
}

private let sequenceMethods: [String: TemplateMethod] = [
  "index": { _, value, a throws(TemplateError) in
    let wanted = a.positional.first ?? .none
    guard let index = try value.iterated().firstIndex(where: { $0.equals(wanted) }) else {
      throw TemplateError("\(wanted.represented.string) is not in list")
    }
    return .int(index)
  },
  "count": { _, value, a throws(TemplateError) in
    let wanted = a.positional.first ?? .none
    return .int(try value.iterated().count { $0.equals(wanted) })
  },
]

/// The sandbox is immutable: append, pop and their like are refused, as in transformers.
private let listMethods: [String: TemplateMethod] = {
  var methods: [String: TemplateMethod] = [:]
  for name in ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"] {
    methods[name] = refused("list.\(name)")
  }
  return methods
}()

private func refused(_ name: String) -> TemplateMethod {
  @Sendable func refuse(
    _ me: inout Interpreter, _ value: TemplateValue, _ arguments: Arguments
  ) throws(TemplateError) -> TemplateValue {
    throw TemplateError("\(name) changes its object, which a template may not")
  }
  return refuse
}

private let dictMethods: [String: TemplateMethod] = {
  var methods: [String: TemplateMethod] = [
    "items": { _, value, _ in
      guard case .dict(let dict) = value else { return .none }
      return .list(TemplateList(dict.items.map { .tuple([$0.0, $0.1]) }))
    },
    "keys": { _, value, _ in
      guard case .dict(let dict) = value else { return .none }
      return .list(TemplateList(dict.keys))
    },
    "values": { _, value, _ in
      guard case .dict(let dict) = value else { return .none }
      return .list(TemplateList(dict.values))
    },
    "get": { _, value, a in
      guard case .dict(let dict) = value, let key = a.positional.first else { return .none }
      return dict[key] ?? a.value(1, "default") ?? .none
    },
    "copy": { _, value, _ in
      guard case .dict(let dict) = value else { return .none }
      let copy = TemplateDict()
      for (key, value) in dict.items { copy[key] = value }
      return .dict(copy)
    },
  ]
  for name in ["clear", "pop", "popitem", "setdefault", "update"] {
    methods[name] = refused("dict.\(name)")
  }
  return methods
}()
