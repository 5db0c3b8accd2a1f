// The normalisation of unigram models: SentencePiece's compiled map of replacements, then its rules for spaces.

/// SentencePiece's `precompiled_charsmap`: a 32-bit length, a trie of that many bytes in the form of a double array
/// (Darts: Yata et al.; each unit has a label, a leaf bit and the offset of its children), then the replacements, each
/// ended by NUL.
struct CharacterMap: Sendable {
  private let units: [UInt32]
  private let replacements: [UInt8]

  /// The map in `bytes`; none when there are no bytes.
  init(_ bytes: [UInt8]) throws(TokenizerError) {
    guard !bytes.isEmpty else {
      units = []
      replacements = []
      return
    }
    guard bytes.count >= 4 else { throw .badCharacterMap("it has \(bytes.count) bytes") }
    func word(_ start: Int) -> UInt32 {
      bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    let size = Int(word(0))
    guard size % 4 == 0, size <= bytes.count - 4 else {
      throw .badCharacterMap("its trie is said to have \(size) bytes of \(bytes.count - 4)")
    }
    units = stride(from: 4, to: 4 + size, by: 4).map(word)
    replacements = Array(bytes[(4 + size)...])
  }

  /// The longest entry that starts at `position`: how many bytes of the text it covers and what replaces them.
  func longest(in text: UnsafeBufferPointer<UInt8>, from position: Int) throws(TokenizerError)
    -> (length: Int, replacement: ArraySlice<UInt8>)?
  {
    try entry(in: text, from: position, shortest: false)
  }

  /// What replaces the shortest entry that `text` begins with.
  func shortest(in text: UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> ArraySlice<UInt8>? {
    try entry(in: text, from: 0, shortest: true)?.replacement
  }

  private func entry(
    in text: UnsafeBufferPointer<UInt8>, from position: Int, shortest: Bool
  ) throws(TokenizerError) -> (length: Int, replacement: ArraySlice<UInt8>)? {
    guard !units.isEmpty else { return nil }
    var found: (length: Int, start: Int)?
    var node = Self.offset(units[0])
    var end = position
    while end < text.count, text[end] != 0 {
      node ^= UInt32(text[end])
      guard Int(node) < units.count else { throw .badCharacterMap("a unit points outside of its trie") }
      let unit = units[Int(node)]
      // The label of a unit; bit 31 is set in units that hold a value.
      guard unit & 0x8000_00FF == UInt32(text[end]) else { break }
      end += 1
      node ^= Self.offset(unit)
      if unit & 0x100 != 0 {
        guard Int(node) < units.count else { throw .badCharacterMap("a unit points outside of its trie") }
        found = (end - position, Int(units[Int(node)] & 0x7FFF_FFFF))
        if shortest { break }
      }
    }
    guard let found else { return nil }
    guard found.start < replacements.count, let stop = replacements[found.start...].firstIndex(of: 0) else {
      throw .badCharacterMap("a replacement lies outside of it")
    }
    return (found.length, replacements[found.start..<stop])
  }

  private static func offset(_ unit: UInt32) -> UInt32 { (unit >> 10) << ((unit & 0x200) >> 6) }
}

/// What a unigram model does to a text before it looks for pieces.
struct UnigramNormalizer: Sendable {
  var map: CharacterMap
  /// Pieces that are never changed.
  var userDefined: ByteTrie
  /// What stands for a space.
  var space: [UInt8]
  var addsSpace: Bool
  var spaceIsSuffix: Bool
  var mergesSpaces: Bool

  /// The normalised text.
  func normalize(_ text: UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> ContiguousArray<UInt8> {
    var result = ContiguousArray<UInt8>()
    result.reserveCapacity(text.count + text.count / 2)
    var inWord = false
    var prefixed = false

    func take(_ byte: UInt8) {
      if byte == 0x20 {
        inWord = false
        if !mergesSpaces { result.append(contentsOf: space) }
        return
      }
      if !inWord {
        inWord = true
        if mergesSpaces || addsSpace && !spaceIsSuffix && !prefixed {
          result.append(contentsOf: space)
          prefixed = true
        }
      }
      result.append(byte)
    }

    var position = 0
    while position < text.count {
      let kept = userDefined.longest(in: text, from: position)
      if kept.id >= 0 {
        for index in position..<kept.end { take(text[index]) }
        position = kept.end
      } else if let entry = try map.longest(in: text, from: position) {
        for byte in entry.replacement { take(byte) }
        position += entry.length
      } else {
        let length = scalarLength(text.baseAddress! + position, text.count - position)
        if length == 1, text[position] >= 0x80 {
          for byte: UInt8 in [0xEF, 0xBF, 0xBD] { take(byte) }
        } else {
          for index in position..<position + length { take(text[index]) }
        }
        position += length
      }
    }
    if addsSpace, spaceIsSuffix { result.append(contentsOf: space) }
    return result
  }
}
