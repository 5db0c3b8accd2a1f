// The splitter of GPT-4, Llama 3, Qwen and the many that took it over with a change or two; the changes are its
// properties.

/// ```
/// (?i:'s|'t|'re|'ve|'m|'ll|'d)            contractions
/// |[^\r\n\p{L}\p{N}]?\p{L}+               letters
/// |\p{N}{1,3}                             digits
/// | ?[^\s\p{L}\p{N}]+[\r\n]*              the rest, and the tail behind it
/// |\s*[\r\n]+|\s+(?!\S)|\s+               space
/// ```
struct WordSplitter: Splitter {
  /// What a word of letters is made of.
  enum Letters: Sendable {
    /// `\p{L}+`
    case plain
    /// `[\p{L}\p{M}]+`, and marks are not part of the rest
    case withMarks
    /// `(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+`: single spaces belong to the word
    case phrases
  }

  /// What is taken along behind punctuation and symbols.
  enum Tail: Sendable {
    /// `[\r\n]*`
    case lines
    /// nothing
    case none
    /// `[\r\n/]?`
    case lineOrSlash
  }

  /// Whether contractions are words.
  var contractions = true
  var letters = Letters.plain
  /// How many digits make a word at most; 0 for no limit.
  var digits = 3
  var tail = Tail.lines

  func split(_ text: ScannedText, _ start: Int, _ end: Int, _ word: (Int, Int) -> Void) {
    var position = start
    while position < end {
      let next = wordEnd(text, position, end)
      word(position, next)
      position = next
    }
  }

  @inline(__always)
  private func wordEnd(_ text: ScannedText, _ position: Int, _ end: Int) -> Int {
    if contractions, let next = text.contraction(at: position, end, ignoringCase: true) { return next }
    let character = text.character(position, end)
    if let next = lettersEnd(text, position, character, end) { return next }
    if character.isAny(.number) { return digitsEnd(text, position, end) }

    let first = character.scalar == 0x20 ? position + 1 : position
    let other: CharacterClass =
      letters == .withMarks ? [.space, .letter, .number, .mark] : [.space, .letter, .number]
    let rest = text.skip(without: other, from: first, end)
    if rest > first {
      switch tail {
      case .none: return rest
      case .lines: return text.skip(.newline, from: rest, end)
      case .lineOrSlash:
        let next = text.character(rest, end)
        return next.isAny(.newline) || next.scalar == 0x2F ? rest + 1 : rest
      }
    }
    // What is no letter, no number and nothing else is white space; a lone mark is part of `letters`.
    return text.whitespaceOrLines(at: position, end)!
  }

  @inline(__always)
  private func lettersEnd(
    _ text: ScannedText, _ position: Int, _ character: ScannedText.Character, _ end: Int
  ) -> Int? {
    let wanted: CharacterClass = letters == .withMarks ? [.letter, .mark] : .letter
    let next = position + character.length
    if !character.isAny(wanted) {
      guard character.isNone([.newline, .number]), text.character(next, end).isAny(wanted) else { return nil }
    }
    guard letters == .phrases else { return text.skip(wanted, from: next, end) }
    var last = next
    while true {
      last = text.skip(.mark, from: text.skip(.letter, from: last, end), end)
      if text.character(last, end).isAny(.letter) { continue }
      guard text.byte(last, end) == 0x20, text.character(last + 1, end).isAny(.letter) else { return last }
      last += 1
    }
  }

  private func digitsEnd(_ text: ScannedText, _ position: Int, _ end: Int) -> Int {
    if digits == 0 { return text.skip(.number, from: position, end) }
    var next = position
    for _ in 0..<digits {
      let character = text.character(next, end)
      guard character.isAny(.number) else { break }
      next += character.length
    }
    return next
  }
}

/// Cuts words of white space that do not end a line into 512, 256, … 4, 2, 1 characters, which after `WordSplitter`
/// amounts to
/// `\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)| … |\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}`
struct SpaceLadderSplitter: Splitter {
  func split(_ text: ScannedText, _ start: Int, _ end: Int, _ word: (Int, Int) -> Void) {
    guard text.character(start, end).isAny(.space), text.skip(.space, from: start, end) == end,
      text.base[end - 1] != 0x0A, text.base[end - 1] != 0x0D
    else { return word(start, end) }
    var remaining = 0
    var position = start
    while position < end {
      position += text.character(position, end).length
      remaining += 1
    }
    position = start
    while remaining > 0 {
      var rung = 512
      while rung > remaining { rung /= 2 }
      var next = position
      for _ in 0..<rung { next += text.character(next, end).length }
      word(position, next)
      position = next
      remaining -= rung
    }
  }
}
