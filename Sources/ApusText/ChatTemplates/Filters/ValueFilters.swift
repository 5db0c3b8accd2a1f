// Filters on values of any kind: defaults, numbers, JSON.

let valueFilters: [String: TemplateFilter] = [
  "default": { _, value, a in fallback(value, a) },
  "d": { _, value, a in fallback(value, a) },
  "attr": { _, value, a throws(TemplateError) in
    try value.attribute((a.positional.first ?? .none).printed.string)
  },
  "abs": { _, value, _ throws(TemplateError) in
    if let number = value.integer { return .int(abs(number)) }
    guard let number = value.number else {
      throw TemplateError("bad operand type for abs(): '\(value.typeName)'")
    }
    return .double(abs(number))
  },
  "int": { _, value, a in
    if let number = value.integer { return .int(number) }
    let fallback = a.value(0, "default") ?? .int(0)
    if let number = value.number {
      return Int(exactly: number.rounded(.towardZero)).map { .int($0) } ?? fallback
    }
    guard let text = value.textValue?.stripped(nil, left: true, right: true).string else { return fallback }
    let radix = a.value(1, "base")?.integer ?? 10
    if let number = (2...36).contains(radix) ? Int(text, radix: radix) : nil { return .int(number) }
    return Double(text).flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .int($0) } ?? fallback
  },
  "float": { _, value, a in
    if let number = value.number { return .double(number) }
    let text = value.textValue?.stripped(nil, left: true, right: true).string
    return text.flatMap { Double($0) }.map { .double($0) } ?? a.value(0, "default") ?? .double(0)
  },
  "round": { _, value, a throws(TemplateError) in
    guard let number = value.number else {
      throw TemplateError("type \(value.typeName) doesn't define __round__ method")
    }
    let precision = min(max(a.value(0, "precision")?.integer ?? 0, -15), 15)
    var scale = 1.0
    for _ in 0..<abs(precision) { scale *= 10 }
    if precision < 0 { scale = 1 / scale }
    let rule: FloatingPointRoundingRule =
      switch a.value(1, "method")?.printed.string {
      case "ceil": .up
      case "floor": .down
      default: .toNearestOrEven
      }
    return .double((number * scale).rounded(rule) / scale)
  },
  "filesizeformat": { _, value, a in
    let bytes = value.number ?? 0
    let binary = a.value(0, "binary")?.isTrue ?? false
    let base = binary ? 1024.0 : 1000
    if bytes == 1 { return .text("1 Byte") }
    if bytes < base { return .text("\(Int(bytes)) Bytes") }
    var (unit, index) = (base, 0)
    while bytes >= unit * base, index < 7 {
      unit *= base
      index += 1
    }
    let prefix = ["k", "M", "G", "T", "P", "E", "Z", "Y"][index]
    return .text("\(fixedText(bytes / unit, digits: 1)) \(binary ? prefix.uppercased() + "i" : prefix)B")
  },
  // transformers' own: no escaping for HTML, all of json.dumps's settings.
  "tojson": { _, value, a throws(TemplateError) in
    var style = JSONStyle()
    style.isASCII = a.value(0, "ensure_ascii")?.isTrue ?? false
    if let indent = a.value(1, "indent") {
      style.indent =
        indent.textValue?.string ?? indent.integer.map { String(repeating: " ", count: min(max(0, $0), 64)) }
    }
    if case .tuple(let pair)? = a.value(2, "separators"), pair.count == 2 {
      (style.itemSeparator, style.keySeparator) = (pair[0].printed.string, pair[1].printed.string)
    } else if case .list(let pair)? = a.value(2, "separators"), pair.items.count == 2 {
      (style.itemSeparator, style.keySeparator) = (pair.items[0].printed.string, pair.items[1].printed.string)
    }
    style.sortsKeys = a.value(3, "sort_keys")?.isTrue ?? false
    return .string(try value.json(style))
  },
  "pprint": { _, value, _ in .string(value.represented) },
]

private func fallback(_ value: TemplateValue, _ arguments: Arguments) -> TemplateValue {
  let replacesFalse = arguments.value(1, "boolean")?.isTrue ?? false
  return value.isUndefined || (replacesFalse && !value.isTrue)
    ? arguments.value(0, "default_value") ?? .text("") : value
}
