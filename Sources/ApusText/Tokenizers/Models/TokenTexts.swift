// What each token stands for in a text, as bytes: the pieces with the spelling of their file undone. The same bytes
// serve decoding and, through a PieceTable, encoding.

/// The bytes every token of a vocabulary stands for.
///
/// What a tokenizer decodes with; outside of this module it is only passed on.
public struct TokenTexts: Sendable {
  let bytes: FixedArray<UInt8>
  let offsets: FixedArray<UInt32>
  /// The longest token, in bytes.
  let longest: Int
  /// How many tokens there are.
  let count: Int
  private var traits: FixedArray<Traits>

  /// What decoding asks about a token.
  struct Traits: OptionSet {
    let rawValue: UInt8
    /// Shown on request only: control tokens and the unknown token.
    static let hidden = Traits(rawValue: 1)
    /// Matched in a text as a whole, so that the text after it begins anew.
    static let marker = Traits(rawValue: 2)
  }

  /// The bytes that `spell` appends for each id of `vocabulary`.
  init(_ vocabulary: Vocabulary, spell: (Int32, inout ContiguousArray<UInt8>) -> Void) {
    count = vocabulary.count
    var bytes = ContiguousArray<UInt8>()
    bytes.reserveCapacity(vocabulary.bytes.count)
    offsets = FixedArray(repeating: 0, count: count + 1)
    var longest = 0
    for id in 0..<count {
      let start = bytes.count
      spell(Int32(truncatingIfNeeded: id), &bytes)
      longest = max(longest, bytes.count - start)
      offsets[id + 1] = UInt32(bytes.count)
    }
    self.bytes = FixedArray(bytes)
    self.longest = longest
    traits = FixedArray(repeating: [], count: count)
    readKinds(vocabulary)
  }

  /// Takes the kinds from `vocabulary` again after they changed.
  mutating func readKinds(_ vocabulary: Vocabulary) {
    let traits = FixedArray<Traits>(repeating: [], count: count)
    for id in 0..<count {
      switch vocabulary.kind(of: Int32(truncatingIfNeeded: id)) {
      case .control:
        let isShown = vocabulary.shownControls.contains(Int32(truncatingIfNeeded: id))
        traits[id] = isShown ? .marker : [.hidden, .marker]
      case .unknown: traits[id] = [.hidden, .marker]
      case .userDefined: traits[id] = .marker
      case .normal, .unused, .byte, .undefined: break
      }
    }
    self.traits = traits
  }

  @inline(__always)
  func text(_ id: Int32) -> UnsafeBufferPointer<UInt8> {
    bytes.slice(Int(offsets[Int(id)]), Int(offsets[Int(id) + 1]))
  }

  /// The bytes a token gives in a text, none when it is hidden or no token, and whether it is text rather than a
  /// marker.
  @inline(__always)
  func shown(_ id: Int32, special: Bool) -> (bytes: UnsafeBufferPointer<UInt8>, isText: Bool) {
    guard id >= 0, Int(id) < count else { return (UnsafeBufferPointer(start: nil, count: 0), false) }
    let traits = traits[Int(id)]
    if traits.contains(.hidden), !special { return (UnsafeBufferPointer(start: nil, count: 0), false) }
    return (text(id), !traits.contains(.marker))
  }
}

/// SentencePiece's sign for a space, U+2581.
enum SpaceSign {
  /// Appends `piece` with every ▁ as a space.
  static func unescape(_ piece: UnsafeBufferPointer<UInt8>, into text: inout ContiguousArray<UInt8>) {
    var position = 0
    while position < piece.count {
      if isSign(piece, position) {
        text.append(0x20)
        position += 3
      } else {
        text.append(piece[position])
        position += 1
      }
    }
  }

  /// Whether ▁ stands at `position`.
  @inline(__always)
  static func isSign(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
    bytes[position] == 0xE2 && position + 2 < bytes.count && bytes[position + 1] == 0x96
      && bytes[position + 2] == 0x81
  }
}

/// Pieces spelled `<0xNN>`.
enum ByteSpelling {
  /// The byte that `piece` spells, or `nil`.
  static func byte(_ piece: UnsafeBufferPointer<UInt8>) -> UInt8? {
    guard piece.count == 6, piece[0] == 0x3C, piece[1] == 0x30, piece[2] == 0x78, piece[5] == 0x3E,
      let high = digit(piece[3]), let low = digit(piece[4])
    else { return nil }
    return high << 4 | low
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  /// The token of each byte by its spelling, or −1. Tokens of kind byte come before others that are spelled so.
  static func tokens(_ vocabulary: Vocabulary) -> FixedArray<Int32> {
    let tokens = FixedArray<Int32>(repeating: -1, count: 256)
    for id in 0..<Int32(vocabulary.count) where vocabulary.pieceLength(id) == 6 {
      guard let byte = byte(vocabulary.pieceBytes(id)) else { continue }
      let current = tokens[Int(byte)]
      if current < 0 || vocabulary.kind(of: id) == .byte && vocabulary.kind(of: current) != .byte {
        tokens[Int(byte)] = id
      }
    }
    return tokens
  }
}

/// The alphabet of GPT-2, which spells each byte as a printable character.
package struct ByteAlphabet: Sendable {
  /// The byte of each scalar below 0x144, or −1.
  private let bytes: FixedArray<Int16>
  /// The scalar of each byte.
  private let scalars: FixedArray<UInt16>

  package init() {
    bytes = FixedArray(repeating: -1, count: 0x144)
    scalars = FixedArray(repeating: 0, count: 0x100)
    var next = 0x100
    for byte in 0..<0x100 {
      switch byte {
      // Printable bytes of Latin-1 spell themselves; the others take the scalars from U+0100 on, in order.
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: bytes[byte] = Int16(byte)
      default:
        bytes[next] = Int16(byte)
        next += 1
      }
    }
    for scalar in 0..<0x144 where bytes[scalar] >= 0 { scalars[Int(bytes[scalar])] = UInt16(scalar) }
  }

  /// All bytes in the order of the characters that spell them.
  package var bytesInOrder: [UInt8] {
    (0..<bytes.count).compactMap { bytes[$0] < 0 ? nil : UInt8(truncatingIfNeeded: bytes[$0]) }
  }

  /// How `text` is spelled.
  package func spelling(_ text: some Sequence<UInt8>) -> String {
    var spelling = String.UnicodeScalarView()
    // No scalar below 0x144 is a surrogate.
    for byte in text { spelling.append(Unicode.Scalar(scalars[Int(byte)])!) }
    return String(spelling)
  }

  /// Appends the bytes that `piece` spells; `false`, with nothing appended, when it has a character of no byte.
  @inline(__always)
  package func decode(_ piece: UnsafeBufferPointer<UInt8>, into text: inout ContiguousArray<UInt8>) -> Bool {
    let start = text.count
    var position = 0
    while position < piece.count {
      let first = piece[position]
      var byte: Int16 = -1
      if first < 0x80 {
        byte = bytes.base[Int(first)]
        position += 1
      } else if first >= 0xC2, first < 0xE0, position + 1 < piece.count {
        let scalar = Int(first & 0x1F) << 6 | Int(piece[position + 1] & 0x3F)
        if scalar < 0x144 { byte = bytes.base[scalar] }
        position += 2
      }
      guard byte >= 0 else {
        text.removeSubrange(start...)
        return false
      }
      text.append(UInt8(truncatingIfNeeded: byte))
    }
    return true
  }
}
