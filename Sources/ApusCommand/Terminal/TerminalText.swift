// Text on its way to a terminal: what a model or a file says must not steer it (F59).

/// Takes the control characters out of a stream of UTF-8: C0 but for newline and tab, DEL, and C1. Without
/// ESC, an escape sequence is shown as the harmless text it then is.
///
/// The state between calls is one byte: 0xC2 starts both C1 characters and ordinary ones.
struct ControlFilter {
  private var holdsC2 = false

  /// Appends what may be shown of `bytes`.
  ///
  /// - Complexity: O(*bytes*); allocates only when `output` must grow.
  mutating func append(_ bytes: some Sequence<UInt8>, to output: inout [UInt8]) {
    for byte in bytes {
      if holdsC2 {
        holdsC2 = false
        if (0x80...0x9F).contains(byte) { continue }
        output.append(0xC2)
      }
      switch byte {
      case 0x0A, 0x09: output.append(byte)
      case 0..<0x20, 0x7F: continue
      case 0xC2: holdsC2 = true
      default: output.append(byte)
      }
    }
  }
}

/// `text` fit for one line of an error message: control characters escaped, and cut after `limit` characters.
func visible(_ text: String, limit: Int = 80) -> String {
  var result = ""
  for scalar in text.unicodeScalars.prefix(limit) {
    switch scalar.value {
    case 0x0A: result += "\\n"
    case 0x09: result += "\\t"
    case 0..<0x20, 0x7F..<0xA0:
      let digits = String(scalar.value, radix: 16, uppercase: true)
      result += "\\u{\(digits)}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.dropFirst(limit).isEmpty ? result : result + "…"
}

/// Names from files end up in errors: they may neither break the line nor steer the terminal.
func oneLine(_ text: String) -> String {
  text.unicodeScalars.reduce(into: "") { result, scalar in
    switch scalar.value {
    case 0x0A, 0x0D, 0x09: result += " "
    case 0..<0x20, 0x7F..<0xA0: break
    default: result.unicodeScalars.append(scalar)
    }
  }
}
