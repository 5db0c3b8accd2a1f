// Pulls a JSON text apart, one token at a time, without building values: a tokenizer of 300,000 entries is read
// straight into its tables.

/// A reader over the bytes of one JSON text.
///
///     var reader = JSONReader(bytes)
///     while let key = try reader.nextKey() { … }
///
/// Strict: no comments, no trailing commas, no leading zeros, valid UTF-8 and paired surrogates only.
public struct JSONReader {
  /// What comes next.
  public enum Kind: Sendable {
    case null, bool, number, string, array, object
  }

  private let bytes: UnsafeRawBufferPointer
  private let limits: JSONLimits
  private var position = 0
  private var depth = 0

  /// A reader; the bytes must stay valid while it is used.
  public init(_ bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    self.bytes = bytes
    self.limits = limits
    guard bytes.count <= limits.bytes else {
      throw fail("\(bytes.count) bytes are more than the limit of \(limits.bytes)")
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF] as [UInt8]) {
      throw fail("the text begins with a byte-order mark")
    }
  }

  // MARK: Structure

  /// The kind of the value that comes next.
  public mutating func peek() throws(JSONError) -> Kind {
    skipSpace()
    guard position < bytes.count else { throw fail("the text ends where a value should be") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    default: throw fail("a value should be here")
    }
  }

  /// Enters an object; read its members with `nextKey`.
  public mutating func beginObject() throws(JSONError) {
    try begin(UInt8(ascii: "{"), "an object")
  }

  /// Enters an array; read its elements while `nextElement` is true.
  public mutating func beginArray() throws(JSONError) {
    try begin(UInt8(ascii: "["), "an array")
  }

  private mutating func begin(_ bracket: UInt8, _ kind: String) throws(JSONError) {
    skipSpace()
    guard position < bytes.count, bytes[position] == bracket else { throw fail("\(kind) should be here") }
    guard depth < limits.depth else { throw fail("nested deeper than \(limits.depth)") }
    depth += 1
    position += 1
    isFirst = true
  }

  /// Whether the next member or element is the first one: no comma before it.
  private var isFirst = false

  /// The next member's key, or nil after leaving the object.
  public mutating func nextKey() throws(JSONError) -> String? {
    guard try nextItem(UInt8(ascii: "}")) else { return nil }
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
      throw fail("a key should be here")
    }
    let key = try string()
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
      throw fail("':' should follow a key")
    }
    position += 1
    return key
  }

  /// Whether another element follows; false after leaving the array.
  public mutating func nextElement() throws(JSONError) -> Bool {
    try nextItem(UInt8(ascii: "]"))
  }

  private mutating func nextItem(_ end: UInt8) throws(JSONError) -> Bool {
    skipSpace()
    guard position < bytes.count else { throw fail("the text ends inside an array or object") }
    defer { isFirst = false }
    if bytes[position] == end {
      position += 1
      depth -= 1
      return false
    }
    if isFirst { return true }
    guard bytes[position] == UInt8(ascii: ",") else {
      throw fail("',' or '\(Character(UnicodeScalar(end)))' should be here")
    }
    position += 1
    skipSpace()
    guard position < bytes.count, bytes[position] != end else { throw fail("a comma with nothing behind it") }
    return true
  }

  /// Ends the text: only white space may follow.
  public mutating func finish() throws(JSONError) {
    skipSpace()
    guard position == bytes.count else { throw fail("something follows the end of the document") }
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  // MARK: Scalars

  /// `null`, `true` or `false`.
  public mutating func literal() throws(JSONError) -> Bool? {
    skipSpace()
    for (word, value) in [("true", true), ("false", false), ("null", nil)] as [(StaticString, Bool?)] {
      let count = word.utf8CodeUnitCount
      guard bytes.count - position >= count else { continue }
      let found = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
      if found.elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: count)) {
        position += count
        return value
      }
    }
    throw fail("a value should be here")
  }

  /// A number: an integer where it is written as one and fits in 64 bits.
  public mutating func number() throws(JSONError) -> JSONValue {
    skipSpace()
    let start = position
    if peekByte == UInt8(ascii: "-") { position += 1 }
    let firstDigit = position
    guard skipDigits() else { throw fail("a digit should be here") }
    if bytes[firstDigit] == UInt8(ascii: "0"), position > firstDigit + 1 {
      throw fail("a number begins with 0", at: firstDigit)
    }
    var isInteger = true
    if peekByte == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      guard skipDigits() else { throw fail("a digit should follow the point") }
    }
    if peekByte == UInt8(ascii: "e") || peekByte == UInt8(ascii: "E") {
      isInteger = false
      position += 1
      if peekByte == UInt8(ascii: "+") || peekByte == UInt8(ascii: "-") { position += 1 }
      guard skipDigits() else { throw fail("a digit should be in the exponent") }
    }
    let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
    if isInteger, let value = Int64(text), text != "-0" { return .int(value) }
    guard let value = Double(text), value.isFinite else {
      throw fail("the number \(text.prefix(40)) is too large", at: start)
    }
    return .double(value)
  }

  private var peekByte: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipDigits() -> Bool {
    let start = position
    while let byte = peekByte, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
    return position > start
  }

  /// A string.
  public mutating func string() throws(JSONError) -> String {
    skipSpace()
    guard peekByte == UInt8(ascii: "\"") else { throw fail("a string should be here") }
    position += 1
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\""),
      bytes[position] != UInt8(ascii: "\\"),
      bytes[position] >= 0x20
    {
      position += 1
    }
    if peekByte == UInt8(ascii: "\"") {
      defer { position += 1 }
      return try text(UnsafeRawBufferPointer(rebasing: bytes[start..<position]), at: start)
    }
    var buffer = [UInt8](UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
    while true {
      guard let byte = peekByte else { throw fail("the text ends inside a string") }
      guard byte >= 0x20 else { throw fail("a control character in a string") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: buffer, as: UTF8.self) else {
          throw fail("a string is not valid UTF-8", at: start)
        }
        return text
      case UInt8(ascii: "\\"): try escape(&buffer)
      default: buffer.append(byte)
      }
    }
  }

  private func text(_ bytes: UnsafeRawBufferPointer, at start: Int) throws(JSONError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw fail("a string is not valid UTF-8", at: start)
    }
    return text
  }

  private mutating func escape(_ buffer: inout [UInt8]) throws(JSONError) {
    guard let byte = peekByte else { throw fail("the text ends inside a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0C)
    case UInt8(ascii: "n"): buffer.append(0x0A)
    case UInt8(ascii: "r"): buffer.append(0x0D)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "u"):
      var unit = try hexadecimal()
      if 0xD800..<0xDC00 ~= unit {
        guard bytes.count - position >= 2, bytes[position] == UInt8(ascii: "\\"),
          bytes[position + 1] == UInt8(ascii: "u")
        else { throw fail("a surrogate without its pair") }
        position += 2
        let low = try hexadecimal()
        guard 0xDC00..<0xE000 ~= low else { throw fail("a surrogate without its pair") }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = UnicodeScalar(unit) else { throw fail("a surrogate without its pair") }
      buffer.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: throw fail("an unknown escape in a string", at: position - 2)
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peekByte, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw fail("four hexadecimal digits should follow \\u")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  // MARK: Whole values

  /// Skips the value that comes next, checking it.
  public mutating func skip() throws(JSONError) {
    _ = try value()
  }

  /// The value that comes next.
  public mutating func value() throws(JSONError) -> JSONValue {
    switch try peek() {
    case .null, .bool: return try literal().map(JSONValue.bool) ?? .null
    case .number: return try number()
    case .string: return .string(try string())
    case .array:
      var elements: [JSONValue] = []
      try beginArray()
      while try nextElement() { elements.append(try value()) }
      return .array(elements)
    case .object:
      var object = JSONObject()
      try beginObject()
      while let key = try nextKey() {
        if !limits.allowsDuplicateKeys, object[key] != nil {
          throw fail("the key \"\(key.prefix(60))\" occurs twice")
        }
        object[key] = try value()
      }
      return .object(object)
    }
  }

  private func fail(_ message: String, at place: Int? = nil) -> JSONError {
    let end = min(place ?? position, bytes.count)
    let before = UnsafeRawBufferPointer(rebasing: bytes[..<end])
    let line = before.count { $0 == 0x0A } + 1
    let column = end - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
    return JSONError(message: message, line: line, column: column)
  }
}

extension JSONValue {
  /// Reads a document.
  public init(parsing bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    var reader = try JSONReader(bytes, limits: limits)
    self = try reader.value()
    try reader.finish()
  }

  /// Reads a document.
  public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(JSONError) in try JSONValue(parsing: buffer, limits: limits) }
    }
    self = try result.get()
  }

  /// Reads a document.
  public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }
}
