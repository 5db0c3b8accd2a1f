// How Python and json.dumps write values.

extension TemplateValue {
  /// `str(value)`: what `{{ value }}` prints.
  var printed: TemplateText {
    switch self {
    case .string(let text): text
    case .undefined: TemplateText()
    default: represented
    }
  }

  /// `repr(value)`.
  var represented: TemplateText {
    switch self {
    case .undefined: TemplateText("Undefined")
    case .none: TemplateText("None")
    case .bool(let value): TemplateText(value ? "True" : "False")
    case .int(let value): TemplateText(String(value))
    case .double(let value): TemplateText(pythonText(value))
    case .string(let text): quoted(text)
    case .list(let list): joined(list.items.map(\.represented), "[", "]")
    case .tuple(let items): joined(items.map(\.represented), "(", items.count == 1 ? ",)" : ")")
    case .dict(let dict), .namespace(let dict):
      joined(dict.items.map { $0.0.represented + TemplateText(": ") + $0.1.represented }, "{", "}")
    case .loop: TemplateText("<LoopContext>")
    case .callable(let callable): TemplateText("<function \(callable.name)>")
    }
  }

  /// `json.dumps(value, ensure_ascii=False)`.
  func json(_ style: JSONStyle, level: Int = 0) throws(TemplateError) -> TemplateText {
    switch self {
    case .undefined: throw TemplateError("Object of type Undefined is not JSON serializable")
    case .none: return TemplateText("null")
    case .bool(let value): return TemplateText(value ? "true" : "false")
    case .int, .double:
      let text = represented.string
      return TemplateText(["inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"][text] ?? text)
    case .string(let text): return jsonQuoted(text, style)
    case .list(let list): return try jsonItems(list.items, style, level)
    case .tuple(let items): return try jsonItems(items, style, level)
    case .dict(let dict), .namespace(let dict):
      var members: [TemplateText] = []
      var items = dict.items
      if style.sortsKeys { items.sort { $0.0.printed < $1.0.printed } }
      for (key, value) in items {
        var name = key.printed
        if key.textValue == nil { name = try key.json(style) }
        members.append(
          jsonQuoted(name, style) + TemplateText(style.keySeparator)
            + (try value.json(style, level: level + 1)))
      }
      return style.wrap(members, "{", "}", level)
    case .loop, .callable: throw TemplateError("Object of type \(typeName) is not JSON serializable")
    }
  }

  private func jsonItems(
    _ items: [TemplateValue], _ style: JSONStyle, _ level: Int
  ) throws(TemplateError) -> TemplateText {
    var texts: [TemplateText] = []
    for item in items { texts.append(try item.json(style, level: level + 1)) }
    return style.wrap(texts, "[", "]", level)
  }
}

/// The settings of `json.dumps`.
struct JSONStyle {
  var indent: String?
  var itemSeparator = ", "
  var keySeparator = ": "
  var sortsKeys = false
  var isASCII = false

  func wrap(_ items: [TemplateText], _ open: String, _ close: String, _ level: Int) -> TemplateText {
    guard let indent, !items.isEmpty else {
      return joined(items, open, close, separator: indent == nil ? itemSeparator : ",")
    }
    let inner = "\n" + String(repeating: indent, count: level + 1)
    let separator = (itemSeparator == ", " ? "," : itemSeparator) + inner
    return joined(
      items, open + inner, "\n" + String(repeating: indent, count: level) + close, separator: separator)
  }
}

private func joined(
  _ items: [TemplateText], _ open: String, _ close: String, separator: String = ", "
) -> TemplateText {
  let separator = TemplateText(separator).scalars
  return TemplateText(open) + TemplateText(Array(items.map(\.scalars).joined(separator: separator)))
    + TemplateText(close)
}

/// Python's shortest text of a float, which is Swift's but for the words.
func pythonText(_ value: Double) -> String {
  if value.isNaN { return "nan" }
  if value.isInfinite { return value < 0 ? "-inf" : "inf" }
  return "\(value)"
}

/// A string as Python writes it in quotes.
private func quoted(_ text: TemplateText) -> TemplateText {
  let plain = text.plain
  let quote: UInt32 = plain.contains(0x27) && !plain.contains(0x22) ? 0x22 : 0x27
  let body = text.mapped { scalar, _ in
    switch scalar.value {
    case quote: "\\" + String(scalar)
    case 0x5C: "\\\\"
    case 0x0A: "\\n"
    case 0x0D: "\\r"
    case 0x09: "\\t"
    case 0..<0x20, 0x7F..<0xA1, 0xAD: "\\x" + hexadecimal(scalar.value, 2)
    default: String(scalar)
    }
  }
  return TemplateText([quote]) + body + TemplateText([quote])
}

private func jsonQuoted(_ text: TemplateText, _ style: JSONStyle) -> TemplateText {
  let body = text.mapped { scalar, _ in
    switch scalar.value {
    case 0x22: return "\\\""
    case 0x5C: return "\\\\"
    case 0x0A: return "\\n"
    case 0x0D: return "\\r"
    case 0x09: return "\\t"
    case 0x08: return "\\b"
    case 0x0C: return "\\f"
    case 0..<0x20: return "\\u" + hexadecimal(scalar.value, 4)
    case 0x7F... where style.isASCII:
      return String(scalar).utf16.map { "\\u" + hexadecimal(UInt32($0), 4) }.joined()
    default: return String(scalar)
    }
  }
  return TemplateText("\"") + body + TemplateText("\"")
}

private func hexadecimal(_ value: UInt32, _ digits: Int) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
