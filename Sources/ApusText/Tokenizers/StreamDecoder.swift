// Text as it is generated: token after token in, whole characters out. A character may be spread over several
// tokens, so up to three bytes wait here.

/// Turns tokens into text one by one, giving out only whole UTF-8 characters.
///
/// Every call writes into the caller's buffer and allocates nothing. Bytes that cannot become a character are given
/// out as U+FFFD, as `String(decoding:as:)` would.
public struct StreamDecoder: Sendable {
  private let texts: TokenTexts
  private let addsSpacePrefix: Bool
  private let special: Bool
  private var dropsSpace: Bool
  private var held: (UInt8, UInt8, UInt8) = (0, 0, 0)
  private var heldCount = 0

  /// How large the buffer of `push` and `flush` must be, in bytes.
  public let capacity: Int

  /// A decoder for one text.
  ///
  /// - Parameters:
  ///   - special: whether control tokens are shown.
  ///   - continuing: whether text comes before, for example a prompt; the space a tokenizer puts before a text is
  ///     then kept.
  public init(_ tokenizer: any Tokenizer, special: Bool = false, continuing: Bool = false) {
    texts = tokenizer.texts
    addsSpacePrefix = tokenizer.addsSpacePrefix
    self.special = special
    dropsSpace = tokenizer.addsSpacePrefix && !continuing
    // Every byte, held or new, may turn into the three bytes of U+FFFD.
    capacity = 3 * (tokenizer.maximumTokenLength + 3)
  }

  /// Takes one token and writes the characters that are now whole.
  ///
  /// - Parameter buffer: at least `capacity` bytes.
  /// - Returns: how many bytes were written.
  public mutating func push(_ id: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    precondition(buffer.count >= capacity, "the buffer has \(buffer.count) bytes and needs \(capacity)")
    let (bytes, isText) = texts.shown(id, special: special)
    var start = 0
    if isText {
      if dropsSpace, bytes.first == UInt8(ascii: " ") { start = 1 }
      dropsSpace = false
    } else if !bytes.isEmpty {
      dropsSpace = addsSpacePrefix
    }
    var output = Output(buffer: buffer, held: held, heldCount: heldCount)
    for index in start..<max(bytes.count, start) { output.take(bytes[index]) }
    (held, heldCount) = (output.held, output.heldCount)
    return output.count
  }

  /// Ends the text: what is still held can no longer become a character and is written as one U+FFFD.
  ///
  /// - Returns: how many bytes were written, 0 or 3.
  public mutating func flush(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var output = Output(buffer: buffer, held: held, heldCount: heldCount)
    output.giveUp()
    heldCount = 0
    return output.count
  }

  /// The same as `push`, as a `String`; allocates where the text does not fit a small one.
  public mutating func push(_ id: Int32) -> String {
    withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
      let count = push(id, into: buffer)
      return String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  /// The same as `flush`, as a `String`.
  public mutating func flush() -> String {
    withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
      let count = flush(into: buffer)
      return String(decoding: buffer[..<count], as: UTF8.self)
    }
  }
}

/// The state of one call: bytes are taken one by one, whole characters are written.
private struct Output {
  let buffer: UnsafeMutableRawBufferPointer
  var held: (UInt8, UInt8, UInt8)
  var heldCount: Int
  var count = 0

  private mutating func write(_ byte: UInt8) {
    buffer[count] = byte
    count += 1
  }

  /// Writes U+FFFD for the bytes held, if any.
  mutating func giveUp() {
    guard heldCount > 0 else { return }
    heldCount = 0
    writeReplacement()
  }

  private mutating func writeReplacement() {
    write(0xEF)
    write(0xBF)
    write(0xBD)
  }

  mutating func take(_ byte: UInt8) {
    if heldCount > 0 {
      if continues(byte) {
        let needed = held.0 < 0xE0 ? 2 : held.0 < 0xF0 ? 3 : 4
        if heldCount + 1 < needed {
          if heldCount == 1 { held.1 = byte } else { held.2 = byte }
          heldCount += 1
        } else {
          write(held.0)
          if heldCount > 1 { write(held.1) }
          if heldCount > 2 { write(held.2) }
          write(byte)
          heldCount = 0
        }
        return
      }
      giveUp()
    }
    switch byte {
    case 0..<0x80: write(byte)
    case 0xC2...0xF4:
      held.0 = byte
      heldCount = 1
    default: writeReplacement()
    }
  }

  /// Whether `byte` may follow what is held (Unicode Standard, table 3-7: no overlong forms, no surrogates).
  private func continues(_ byte: UInt8) -> Bool {
    guard heldCount == 1 else { return byte & 0xC0 == 0x80 }
    switch held.0 {
    case 0xE0: return 0xA0...0xBF ~= byte
    case 0xED: return 0x80...0x9F ~= byte
    case 0xF0: return 0x90...0xBF ~= byte
    case 0xF4: return 0x80...0x8F ~= byte
    default: return byte & 0xC0 == 0x80
    }
  }
}
