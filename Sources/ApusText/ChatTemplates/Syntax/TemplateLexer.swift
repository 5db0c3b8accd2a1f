// Cuts a template into text, output, statements, and those into tokens, with the white-space rules that
// transformers sets: trim_blocks and lstrip_blocks.        jinja.palletsprojects.com/en/stable/templates

/// A token inside `{{ … }}` or `{% … %}`.
struct TemplateToken: Equatable {
  enum Kind: Equatable {
    case name(String)
    case string(String)
    case int(Int)
    case double(Double)
    case symbol(String)
    case end
  }
  var kind: Kind
  var line: Int
}

/// A piece of a template.
enum TemplatePiece {
  case text(String)
  case output([TemplateToken])
  case statement([TemplateToken])
}

struct TemplateLexer {
  private let source: [UInt8]
  private var position = 0
  private var line = 1
  private(set) var pieces: [TemplatePiece] = []
  /// Whether the next text begins a line, for lstrip_blocks.
  private var startsLine = true

  init(_ text: String) throws(TemplateError) {
    // Newlines are normalised and one at the very end does not count.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var previous: UInt8 = 0
    for byte in text.utf8 {
      if byte == 0x0A, previous == 0x0D {
        previous = byte
        continue
      }
      bytes.append(byte == 0x0D ? 0x0A : byte)
      previous = byte
    }
    if bytes.last == 0x0A { bytes.removeLast() }
    source = bytes
    try run()
  }

  private mutating func run() throws(TemplateError) {
    var trimsStart = false
    while true {
      let open = nextOpening()
      var text = source[position..<(open ?? source.count)]
      let startOfText = position
      if trimsStart { text = text.drop { Self.isSpace($0) } }
      guard let open else {
        emit(text)
        return
      }
      let kind = source[open + 1]
      let mark = open + 2 < source.count ? source[open + 2] : 0
      if mark == UInt8(ascii: "-") {
        while let last = text.last, Self.isSpace(last) { text.removeLast() }
      } else if kind != UInt8(ascii: "{"), mark != UInt8(ascii: "+") {
        text = strippedLine(text)
      }
      emit(text)
      line += source[startOfText..<open].count { $0 == 0x0A }
      position = open + 2
      if mark == UInt8(ascii: "-") || (mark == UInt8(ascii: "+") && kind != UInt8(ascii: "{")) {
        position += 1
      }
      switch kind {
      case UInt8(ascii: "#"): trimsStart = try comment()
      case UInt8(ascii: "{"):
        let (tokens, trims) = try tokens(until: "}}")
        pieces.append(.output(tokens))
        trimsStart = trims
        startsLine = false
      default:
        let (tokens, trims) = try tokens(until: "%}")
        trimsStart = trims
        if tokens.first?.kind == .name("raw") {
          trimsStart = try raw(trimsStart)
        } else {
          pieces.append(.statement(tokens))
        }
      }
    }
  }

  private mutating func emit(_ text: ArraySlice<UInt8>) {
    guard !text.isEmpty else { return }
    pieces.append(.text(String(decoding: text, as: UTF8.self)))
  }

  private func nextOpening() -> Int? {
    var index = position
    while index + 1 < source.count {
      if source[index] == UInt8(ascii: "{") {
        let next = source[index + 1]
        if next == UInt8(ascii: "{") || next == UInt8(ascii: "%") || next == UInt8(ascii: "#") {
          return index
        }
      }
      index += 1
    }
    return nil
  }

  /// lstrip_blocks: blanks between the start of the line and a statement go.
  private func strippedLine(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let lineStart = text.lastIndex(of: 0x0A).map { $0 + 1 }
    guard lineStart != nil || startsLine else { return text }
    let start = lineStart ?? text.startIndex
    return text[start...].allSatisfy { $0 == 0x20 || $0 == 0x09 } ? text[..<start] : text
  }

  /// trim_blocks: the newline after a statement or comment goes.
  private mutating func trimNewline(_ keeps: Bool) {
    startsLine = false
    if !keeps, position < source.count, source[position] == 0x0A {
      position += 1
      line += 1
      startsLine = true
    }
  }

  private mutating func comment() throws(TemplateError) -> Bool {
    var index = position
    while index + 1 < source.count {
      if source[index] == UInt8(ascii: "#"), source[index + 1] == UInt8(ascii: "}") {
        let mark = index > position ? source[index - 1] : 0
        line += source[position..<index].count { $0 == 0x0A }
        position = index + 2
        if mark != UInt8(ascii: "-") { trimNewline(mark == UInt8(ascii: "+")) }
        return mark == UInt8(ascii: "-")
      }
      index += 1
    }
    throw TemplateError("a comment does not end", line: line)
  }

  /// The text up to `{% endraw %}`.
  private mutating func raw(_ trims: Bool) throws(TemplateError) -> Bool {
    let start = position
    var search = position
    while search + 1 < source.count {
      guard source[search] == UInt8(ascii: "{"), source[search + 1] == UInt8(ascii: "%") else {
        search += 1
        continue
      }
      position = search + 2
      let mark = position < source.count ? source[position] : 0
      if mark == UInt8(ascii: "-") || mark == UInt8(ascii: "+") { position += 1 }
      let savedLine = line
      if let (tokens, trimsAfter) = try? tokens(until: "%}"), tokens.first?.kind == .name("endraw") {
        var text = source[start..<search]
        if trims { text = text.drop { Self.isSpace($0) } }
        if mark == UInt8(ascii: "-") {
          while let last = text.last, Self.isSpace(last) { text.removeLast() }
        } else if mark != UInt8(ascii: "+") {
          text = strippedLine(text)
        }
        emit(text)
        return trimsAfter
      }
      line = savedLine
      search += 2
    }
    throw TemplateError("raw does not end", line: line)
  }

  // MARK: Tokens

  private mutating func tokens(until close: StaticString) throws(TemplateError) -> ([TemplateToken], Bool) {
    let first = close.utf8Start[0]
    var tokens: [TemplateToken] = []
    var brackets = 0
    let startLine = line
    while true {
      skipSpace()
      guard position < source.count else { throw TemplateError("'\(close)' is missing", line: startLine) }
      let byte = source[position]
      let next = position + 1 < source.count ? source[position + 1] : 0
      let after = position + 2 < source.count ? source[position + 2] : 0
      if brackets == 0 || first == UInt8(ascii: "%") {
        if byte == first, next == UInt8(ascii: "}") {
          position += 2
          if first == UInt8(ascii: "%") { trimNewline(false) }
          return (tokens, false)
        }
        if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+"), next == first, after == UInt8(ascii: "}") {
          position += 3
          if byte == UInt8(ascii: "+") { trimNewline(true) }
          return (tokens, byte == UInt8(ascii: "-"))
        }
      }
      let token = try token(byte, next)
      switch token.kind {
      case .symbol("("), .symbol("["), .symbol("{"): brackets += 1
      case .symbol(")"), .symbol("]"), .symbol("}"): brackets -= 1
      default: break
      }
      tokens.append(token)
    }
  }

  private mutating func skipSpace() {
    while position < source.count, Self.isSpace(source[position]) {
      if source[position] == 0x0A { line += 1 }
      position += 1
    }
  }

  private mutating func token(_ byte: UInt8, _ next: UInt8) throws(TemplateError) -> TemplateToken {
    let start = line
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      return TemplateToken(kind: .string(try string(byte)), line: start)
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      return TemplateToken(kind: try number(), line: start)
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
      0x80...:
      let begin = position
      while position < source.count, Self.isNamePart(source[position]) { position += 1 }
      return TemplateToken(
        kind: .name(String(decoding: source[begin..<position], as: UTF8.self)), line: start)
    default: break
    }
    let pair = String(decoding: [byte, next], as: UTF8.self)
    if ["==", "!=", "<=", ">=", "//", "**"].contains(pair) {
      position += 2
      return TemplateToken(kind: .symbol(pair), line: start)
    }
    let single = String(UnicodeScalar(byte))
    guard "()[]{}<>=+-*/%~|.,:;".contains(single) else {
      throw TemplateError("unexpected character '\(single)'", line: line)
    }
    position += 1
    return TemplateToken(kind: .symbol(single), line: start)
  }

  private mutating func number() throws(TemplateError) -> TemplateToken.Kind {
    let begin = position
    func digits(_ lexer: inout TemplateLexer) {
      while lexer.position < lexer.source.count,
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= lexer.source[lexer.position]
          || lexer.source[lexer.position] == UInt8(ascii: "_")
      { lexer.position += 1 }
    }
    digits(&self)
    var isInteger = true
    if position + 1 < source.count, source[position] == UInt8(ascii: "."),
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= source[position + 1]
    {
      isInteger = false
      position += 1
      digits(&self)
    }
    if position < source.count, source[position] | 0x20 == UInt8(ascii: "e") {
      var look = position + 1
      if look < source.count, source[look] == UInt8(ascii: "+") || source[look] == UInt8(ascii: "-") {
        look += 1
      }
      if look < source.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= source[look] {
        isInteger = false
        position = look
        digits(&self)
      }
    }
    let text = String(decoding: source[begin..<position].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    if isInteger, let value = Int(text) { return .int(value) }
    guard !isInteger, let value = Double(text) else {
      throw TemplateError("the number \(text) is too large", line: line)
    }
    return .double(value)
  }

  /// A string literal with Python's escapes.
  private mutating func string(_ quote: UInt8) throws(TemplateError) -> String {
    var bytes: [UInt8] = []
    let startLine = line
    position += 1
    while position < source.count {
      let byte = source[position]
      position += 1
      if byte == quote { return String(decoding: bytes, as: UTF8.self) }
      if byte == 0x0A { line += 1 }
      guard byte == UInt8(ascii: "\\"), position < source.count else {
        bytes.append(byte)
        continue
      }
      let escape = source[position]
      position += 1
      switch escape {
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0C)
      case UInt8(ascii: "v"): bytes.append(0x0B)
      case UInt8(ascii: "a"): bytes.append(0x07)
      case UInt8(ascii: "0"): bytes.append(0)
      case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): bytes.append(escape)
      case 0x0A: line += 1
      case UInt8(ascii: "x"): try codePoint(2, &bytes)
      case UInt8(ascii: "u"): try codePoint(4, &bytes)
      case UInt8(ascii: "U"): try codePoint(8, &bytes)
      default: bytes += [UInt8(ascii: "\\"), escape]
      }
    }
    throw TemplateError("a string does not end", line: startLine)
  }

  private mutating func codePoint(_ digits: Int, _ bytes: inout [UInt8]) throws(TemplateError) {
    let end = min(position + digits, source.count)
    let text = String(decoding: source[position..<end], as: UTF8.self)
    guard end == position + digits, let value = UInt32(text, radix: 16), let scalar = UnicodeScalar(value)
    else {
      throw TemplateError("a malformed escape in a string", line: line)
    }
    position = end
    bytes.append(contentsOf: String(scalar).utf8)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || 0x09...0x0D ~= byte
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }
}
