// UTF-8 read character by character with its classes, for splitters. Bytes that are no UTF-8 count as U+FFFD, one
// by one, so a splitter never fails and never leaves the text.

/// A text under a splitter's eye. The bytes must outlive it.
struct ScannedText {
  let base: UnsafePointer<UInt8>
  let count: Int
  private let table = CharacterClasses.table

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    // A text of no bytes is never read.
    base = bytes.baseAddress ?? UnsafePointer(bitPattern: 1)!
    count = bytes.count
  }

  /// A character: its scalar, how many bytes it has, its classes. Past the end: length 0, no class.
  struct Character {
    var scalar: UInt32
    var length: Int
    var classes: CharacterClass

    /// Said where the text ends.
    @inline(__always)
    static var none: Character { Character(scalar: 0, length: 0, classes: []) }

    @inline(__always)
    func isAny(_ wanted: CharacterClass) -> Bool { classes.meets(wanted) }
    /// Whether there is a character with none of these properties.
    @inline(__always)
    func isNone(_ unwanted: CharacterClass) -> Bool { length > 0 && !classes.meets(unwanted) }
  }

  /// The character at `position`, not looking at or beyond `end`.
  @inline(__always)
  func character(_ position: Int, _ end: Int) -> Character {
    guard position < end else { return .none }
    let byte = base[position]
    if byte < 0x80 {
      return Character(scalar: UInt32(byte), length: 1, classes: table.classes(UInt32(byte)))
    }
    let (scalar, length) = decodeScalar(base + position, end - position)
    return Character(scalar: scalar, length: length, classes: table.classes(scalar))
  }

  /// The byte at `position`, or 0 at `end`; enough to compare with an ASCII character other than NUL.
  @inline(__always)
  func byte(_ position: Int, _ end: Int) -> UInt8 { position < end ? base[position] : 0 }

  /// Where the run of characters with one of these properties ends that starts at `position`.
  @inline(__always)
  func skip(_ classes: CharacterClass, from position: Int, _ end: Int) -> Int {
    var position = position
    while true {
      let next = character(position, end)
      guard next.isAny(classes) else { return position }
      position += next.length
    }
  }

  /// Where the run of characters with none of these properties ends that starts at `position`.
  @inline(__always)
  func skip(without classes: CharacterClass, from position: Int, _ end: Int) -> Int {
    var position = position
    while true {
      let next = character(position, end)
      guard next.isNone(classes) else { return position }
      position += next.length
    }
  }
}

/// The scalar that starts at `bytes` and its length, for a first byte above 0x7F; U+FFFD and 1 for no UTF-8
/// (Unicode Standard, table 3-7).
@inline(__always)
func decodeScalar(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> (scalar: UInt32, length: Int) {
  let invalid: (UInt32, Int) = (0xFFFD, 1)
  let first = UInt32(bytes[0])
  guard first >= 0xC2, count >= 2, bytes[1] & 0xC0 == 0x80 else { return invalid }
  let second = UInt32(bytes[1] & 0x3F)
  if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
  guard count >= 3, bytes[2] & 0xC0 == 0x80 else { return invalid }
  let third = UInt32(bytes[2] & 0x3F)
  if first < 0xF0 {
    let scalar = (first & 0x0F) << 12 | second << 6 | third
    guard scalar >= 0x800, scalar & 0xF800 != 0xD800 else { return invalid }
    return (scalar, 3)
  }
  guard first < 0xF5, count >= 4, bytes[3] & 0xC0 == 0x80 else { return invalid }
  let scalar = (first & 0x07) << 18 | second << 12 | third << 6 | UInt32(bytes[3] & 0x3F)
  guard scalar >= 0x10000, scalar < 0x110000 else { return invalid }
  return (scalar, 4)
}

/// How many bytes the character at `bytes` has, 1 for no UTF-8.
@inline(__always)
func scalarLength(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
  bytes[0] < 0x80 ? 1 : decodeScalar(bytes, count).length
}
