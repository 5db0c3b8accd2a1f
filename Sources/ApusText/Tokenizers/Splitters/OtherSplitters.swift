// The splitters of BLOOM and its relatives, of Chameleon, and the script-by-script steps of AFMoE and Youtu.

extension CharacterSet {
  /// The characters outside of BLOOM's words: `(\s|.,!?…。，、।۔،)`, parentheses and bar included.
  private static let bloomSeparators = CharacterSet(classes: .space, "(|.,!?…。，、।۔،)")

  /// AFMoE's Asian scripts: `[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]`
  static let asianScripts = CharacterSet(ranges: [
    0x4E00...0x9FFF, 0x3400...0x4DBF, 0xF900...0xFAFF, 0x3040...0x309F, 0x30A0...0x30FF, 0xFF65...0xFF9F,
    0x2F00...0x2FDF, 0x0E40...0x0E7F, 0x0E80...0x0EFF, 0x1780...0x17FF, 0x1000...0x109F, 0xAA60...0xAA7F,
    0xA9E0...0xA9FF, 0xAC00...0xD7AF, 0x1100...0x11FF,
  ])
  /// Youtu's Hangul: `[가-힣ㄱ-ㆎ]`
  static let hangul = CharacterSet(ranges: [0xAC00...0xD7A3, 0x3131...0x318E])
  /// Youtu's punctuation: `[！…“”‘’—：；，、-〿︰-﹏]`
  static let fullWidthPunctuation = CharacterSet(ranges: [
    0xFF01...0xFF01, 0x2026...0x2026, 0x201C...0x201D, 0x2018...0x2019, 0x2014...0x2014, 0xFF1A...0xFF1B,
    0xFF0C...0xFF0C, 0x3001...0x303F, 0xFE30...0xFE4F,
  ])
  /// Youtu's Bopomofo: `[ㄅ-ㄯ]`
  static let bopomofo = CharacterSet(ranges: [0x3105...0x312F])

  /// Whether a character belongs to a word of BLOOM.
  static func isBloomWord(_ character: ScannedText.Character) -> Bool {
    character.length > 0 && !bloomSeparators.contains(character)
  }
}

/// ` ?[^(\s|.,!?…。，、।۔،)]+`
struct BloomSplitter: MatchingSplitter {
  func match(_ text: ScannedText, at position: Int, _ start: Int, _ end: Int) -> Int? {
    let first = text.byte(position, end) == 0x20 ? position + 1 : position
    var next = first
    while true {
      let character = text.character(next, end)
      guard CharacterSet.isBloomWord(character) else { break }
      next += character.length
    }
    return next > first ? next : nil
  }
}

/// `[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+`: runs of one of several sets.
struct ScriptRunsSplitter: MatchingSplitter {
  var sets: [CharacterSet]

  func match(_ text: ScannedText, at position: Int, _ start: Int, _ end: Int) -> Int? {
    let first = text.character(position, end)
    guard let set = sets.first(where: { $0.contains(first) }) else { return nil }
    var next = position + first.length
    while true {
      let character = text.character(next, end)
      guard set.contains(character) else { return next }
      next += character.length
    }
  }
}

/// `<sentinel:[0-9]+>`: Chameleon's sentinels.
struct SentinelSplitter: MatchingSplitter {
  private static let opening = Array("<sentinel:".utf8)

  func match(_ text: ScannedText, at position: Int, _ start: Int, _ end: Int) -> Int? {
    for (index, byte) in Self.opening.enumerated() where text.byte(position + index, end) != byte {
      return nil
    }
    let digits = position + Self.opening.count
    var next = digits
    while 0x30...0x39 ~= text.byte(next, end) { next += 1 }
    return next > digits && text.byte(next, end) == UInt8(ascii: ">") ? next + 1 : nil
  }
}

/// `(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z`: Chameleon's image tokens.
struct ImageTokenSplitter: MatchingSplitter {
  private static let opening = Array("IMGIMG".utf8)

  func match(_ text: ScannedText, at position: Int, _ start: Int, _ end: Int) -> Int? {
    for (index, byte) in Self.opening.enumerated() where text.byte(position + index, end) != byte {
      return nil
    }
    var next = position + Self.opening.count
    let letters = next
    while next - letters < 4, 0x41...0x49 ~= text.byte(next, end) { next += 1 }
    return next > letters && text.byte(next, end) == UInt8(ascii: "Z") ? next + 1 : nil
  }
}

/// `([\t\n]|    |  )`: Chameleon's indentation.
struct IndentationSplitter: MatchingSplitter {
  func match(_ text: ScannedText, at position: Int, _ start: Int, _ end: Int) -> Int? {
    let first = text.byte(position, end)
    if first == 0x09 || first == 0x0A { return position + 1 }
    var blanks = 0
    while blanks < 4, text.byte(position + blanks, end) == 0x20 { blanks += 1 }
    return blanks == 4 ? position + 4 : blanks >= 2 ? position + 2 : nil
  }
}
