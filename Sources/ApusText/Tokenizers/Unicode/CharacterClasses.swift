// What the pre-tokenizers ask about a character, one bit each, for every scalar. The general categories come from the
// Swift standard library; the table is built once per process, in about five milliseconds, and never changes.

/// A set of properties of a character. The names in brackets are those of the regular expressions the
/// pre-tokenizers were published as.
struct CharacterClass: OptionSet, BitwiseCopyable, Sendable {
  var rawValue: UInt16

  /// \p{L}
  static let letter = CharacterClass(rawValue: 1)
  /// \p{Lu}, \p{Lt}
  static let upper = CharacterClass(rawValue: 2)
  /// \p{Ll}
  static let lower = CharacterClass(rawValue: 4)
  /// \p{M}
  static let mark = CharacterClass(rawValue: 8)
  /// \p{Mn}
  static let nonspacingMark = CharacterClass(rawValue: 16)
  /// \p{N}
  static let number = CharacterClass(rawValue: 32)
  /// \p{Nd}, \d
  static let digit = CharacterClass(rawValue: 64)
  /// \p{P}
  static let punctuation = CharacterClass(rawValue: 128)
  /// \p{Pc}
  static let connector = CharacterClass(rawValue: 256)
  /// \p{S}
  static let symbol = CharacterClass(rawValue: 512)
  /// \s: the property White_Space
  static let space = CharacterClass(rawValue: 1024)
  /// [\r\n]
  static let newline = CharacterClass(rawValue: 2048)
  /// \p{Cc}, \p{Cf}, \p{Cn}, \p{Co}
  static let control = CharacterClass(rawValue: 4096)
  /// \p{Han}
  static let han = CharacterClass(rawValue: 8192)

  /// Whether the two sets have a property in common.
  @inline(__always)
  func meets(_ other: CharacterClass) -> Bool { rawValue & other.rawValue != 0 }
}

/// The classes of all scalars, in pages of 256.
struct CharacterClasses: Sendable {
  /// The one table.
  static let table = CharacterClasses()

  private let pageOfBlock: FixedArray<UInt16>
  private let pages: FixedArray<CharacterClass>

  /// The classes of a scalar value below 0x110000.
  @inline(__always)
  func classes(_ scalar: UInt32) -> CharacterClass {
    pages.base[Int(pageOfBlock.base[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
  }

  private init() {
    var pageOfBlock = [UInt16](repeating: 0, count: 0x1100)
    var pages: [CharacterClass] = []
    var known: [[CharacterClass]: UInt16] = [:]
    for block in 0..<0x1100 {
      let first = UInt32(block << 8)
      let page =
        Self.isUniform(block)
        ? Array(repeating: Self.classify(first), count: 256) : (first..<first + 256).map(Self.classify)
      if let index = known[page] {
        pageOfBlock[block] = index
      } else {
        let index = UInt16(known.count)
        known[page] = index
        pageOfBlock[block] = index
        pages += page
      }
    }
    self.pageOfBlock = FixedArray(pageOfBlock)
    self.pages = FixedArray(pages)
  }

  /// Whether all 256 scalars of a block are alike: those within ideographs, Hangul syllables, surrogates and private
  /// use, and the planes 4 to 13, which have no assigned scalar. Asking for their first one saves most of the time.
  private static func isUniform(_ block: Int) -> Bool {
    switch block {
    case 0x34...0x4C, 0x4E...0x9E, 0xAC...0xD6, 0xD8...0xF8, 0x200...0x2A5, 0x2A7...0x2B6, 0x2B8...0x2CD,
      0x2CF...0x2EA, 0x300...0x312, 0x314...0x322, 0x400...0xDFF, 0xF00...0x10FF:
      true
    default: false
    }
  }

  private static func classify(_ value: UInt32) -> CharacterClass {
    guard let scalar = Unicode.Scalar(value) else { return .control }
    var classes: CharacterClass =
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .titlecaseLetter: [.letter, .upper]
      case .lowercaseLetter: [.letter, .lower]
      case .modifierLetter, .otherLetter: .letter
      case .nonspacingMark: [.mark, .nonspacingMark]
      case .spacingMark, .enclosingMark: .mark
      case .decimalNumber: [.number, .digit]
      case .letterNumber, .otherNumber: .number
      case .connectorPunctuation: [.punctuation, .connector]
      case .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
        .otherPunctuation:
        .punctuation
      case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: .symbol
      case .spaceSeparator, .lineSeparator, .paragraphSeparator: []
      case .control, .format, .surrogate, .privateUse, .unassigned: .control
      @unknown default: .control
      }
    // No scalar above U+3000 is white space.
    if value <= 0x3000, scalar.properties.isWhitespace { classes.insert(.space) }
    if value == 0x0A || value == 0x0D { classes.insert(.newline) }
    if isHan(value) { classes.insert(.han) }
    return classes
  }

  /// Whether the script of a scalar is Han (Unicode 16, Scripts.txt).
  private static func isHan(_ value: UInt32) -> Bool {
    switch value {
    case 0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005, 0x3007, 0x3021...0x3029, 0x3038...0x303B,
      0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFA6D, 0xFA70...0xFAD9, 0x16FE2...0x16FE3,
      0x16FF0...0x16FF1,
      0x20000...0x2A6DF, 0x2A700...0x2B739, 0x2B740...0x2B81D, 0x2B820...0x2CEA1, 0x2CEB0...0x2EBE0,
      0x2EBF0...0x2EE5D, 0x2F800...0x2FA1D, 0x30000...0x3134A, 0x31350...0x323AF:
      true
    default: false
    }
  }
}

extension CharacterClass: Hashable {}
