// Filters that make text of text. A value that is no string is printed first, as jinja2 does.

private func text(
  _ body: @escaping @Sendable (TemplateText, Arguments) throws(TemplateError) -> TemplateText
) -> TemplateFilter {
  { _, value, arguments throws(TemplateError) in .string(try body(value.printed, arguments)) }
}

let textFilters: [String: TemplateFilter] = [
  "upper": text { text, _ in text.mapped { scalar, _ in scalar.properties.uppercaseMapping } },
  "lower": text { text, _ in text.mapped { scalar, _ in scalar.properties.lowercaseMapping } },
  "title": text { text, _ in
    // jinja2 cuts words at white space and brackets, not at every mark.
    text.mapped { scalar, previous in
      let starts =
        previous.map { TemplateText.isSpace($0.value) || "-([{<".unicodeScalars.contains($0) } ?? true
      return starts ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
    }
  },
  "capitalize": text { text, _ in capitalized(text) },
  "trim": text { text, a in text.stripped(a.value(0, "chars")?.textValue?.plain, left: true, right: true) },
  "string": text { text, _ in text },
  "safe": text { text, _ in text },
  "escape": text { text, _ in escaped(text) },
  "e": text { text, _ in escaped(text) },
  "forceescape": text { text, _ in escaped(text) },
  "replace": text { text, a throws(TemplateError) in
    guard let old = a.value(0, "s_old"), let new = a.value(1, "s_new") else {
      throw TemplateError("replace wants two arguments")
    }
    let limit = a.value(2, "count")?.integer
    return text.replacing(
      old.printed.plain, with: new.printed, limit: limit.map { $0 < 0 ? .max : $0 } ?? .max)
  },
  "indent": text { text, a in indented(text, a) },
  "center": text { text, a in
    let width = min(a.value(0, "width")?.integer ?? 80, 1 << 16)
    let room = max(0, width - text.count)
    // Python puts the odd blank at the left when the width is odd.
    let left = room / 2 + (room & width & 1)
    return TemplateText(String(repeating: " ", count: left)) + text
      + TemplateText(String(repeating: " ", count: room - left))
  },
  "truncate": text { text, a in
    let length = a.value(0, "length")?.integer ?? 255
    let kills = a.value(1, "killwords")?.isTrue ?? false
    let end = a.value(2, "end")?.printed ?? TemplateText("...")
    let leeway = a.value(3, "leeway")?.integer ?? 5
    guard text.count > length + leeway else { return text }
    let cut = TemplateText(Array(text.scalars.prefix(max(0, length - end.count))))
    if kills { return cut + end }
    let lastSpace = cut.plain.lastIndex(of: 0x20)
    return TemplateText(Array(cut.scalars[..<(lastSpace ?? cut.count)])) + end
  },
  "striptags": text { text, _ in
    var result: [UInt32] = []
    var inside = false
    for scalar in text.scalars {
      switch scalar & ~TemplateText.marks {
      case 0x3C: inside = true
      case 0x3E where inside: inside = false
      default: if !inside { result.append(scalar) }
      }
    }
    return TemplateText(Array(TemplateText(result).splitWords().map(\.scalars).joined(separator: [0x20])))
  },
  "urlencode": text { text, _ in
    text.mapped { scalar, _ in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-", "~", "/": String(scalar)
      default:
        String(scalar).utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
          .joined()
      }
    }
  },
  "format": { _, value, a throws(TemplateError) in
    .string(try TemplateValue.formatted(value.printed, .tuple(a.positional)))
  },
  "wordcount": { _, value, _ in .int(value.printed.splitWords().count) },
]

private func escaped(_ text: TemplateText) -> TemplateText {
  text.mapped { scalar, _ in
    switch scalar {
    case "&": "&amp;"
    case "<": "&lt;"
    case ">": "&gt;"
    case "'": "&#39;"
    case "\"": "&#34;"
    default: String(scalar)
    }
  }
}

private func indented(_ text: TemplateText, _ arguments: Arguments) -> TemplateText {
  let width = arguments.value(0, "width")
  let indention =
    width?.textValue ?? TemplateText(String(repeating: " ", count: min(max(0, width?.integer ?? 4), 1 << 12)))
  let first = arguments.value(1, "first")?.isTrue ?? false
  let blank = arguments.value(2, "blank")?.isTrue ?? false
  var lines = (text + TemplateText("\n")).split([0x0A])
  lines.removeLast()
  let result = lines.enumerated().map { index, line in
    let indents = index == 0 ? first : blank || line.count > 0
    return (indents ? indention + line : line).scalars
  }
  return TemplateText(Array(result.joined(separator: [0x0A])))
}
