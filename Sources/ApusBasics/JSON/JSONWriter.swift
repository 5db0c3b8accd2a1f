// JSON values as text.

extension JSONValue {
  /// The value as JSON. Doubles are the shortest text that reads back to the same bits; those that are not finite
  /// have no JSON and become null.
  ///
  /// - Parameter pretty: two spaces of indentation a level, a line a member.
  public func serialized(pretty: Bool = false) -> String {
    var bytes: [UInt8] = []
    append(to: &bytes, pretty: pretty)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the value as JSON.
  public func append(to bytes: inout [UInt8], pretty: Bool = false) {
    append(to: &bytes, indentation: pretty ? 0 : nil)
  }

  private func append(to bytes: inout [UInt8], indentation: Int?) {
    switch self {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .int(let value): bytes.append(contentsOf: String(value).utf8)
    case .double(let value): bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
    case .string(let text): Self.append(text, to: &bytes)
    case .array(let elements):
      Self.appendItems(elements, "[", "]", to: &bytes, indentation) { $0.append(to: &$1, indentation: $2) }
    case .object(let object):
      Self.appendItems(object, "{", "}", to: &bytes, indentation) { member, bytes, inner in
        Self.append(member.key, to: &bytes)
        bytes.append(contentsOf: (inner == nil ? ":" : ": ").utf8)
        member.value.append(to: &bytes, indentation: inner)
      }
    }
  }

  private static func appendItems<Items: Collection>(
    _ items: Items, _ open: String, _ close: String, to bytes: inout [UInt8], _ indentation: Int?,
    _ body: (Items.Element, inout [UInt8], Int?) -> Void
  ) {
    bytes.append(contentsOf: open.utf8)
    var isFirst = true
    for item in items {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      newline(&bytes, indentation.map { $0 + 1 })
      body(item, &bytes, indentation.map { $0 + 1 })
    }
    if !items.isEmpty { newline(&bytes, indentation) }
    bytes.append(contentsOf: close.utf8)
  }

  private static func newline(_ bytes: inout [UInt8], _ indentation: Int?) {
    guard let indentation else { return }
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * indentation))
  }

  /// Appends a string in quotes. Control characters are escaped, everything else stands as UTF-8.
  public static func append(_ text: String, to bytes: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
      case 0x08: bytes.append(contentsOf: "\\b".utf8)
      case 0x0C: bytes.append(contentsOf: "\\f".utf8)
      case 0x0A: bytes.append(contentsOf: "\\n".utf8)
      case 0x0D: bytes.append(contentsOf: "\\r".utf8)
      case 0x09: bytes.append(contentsOf: "\\t".utf8)
      case 0..<0x20, 0x7F:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
