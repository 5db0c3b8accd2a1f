// The splitter of GPT-4o, which also cuts between lower and upper case, and of those that follow it: Tekken, Kimi K2
// and others.

/// ```
/// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
/// |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
/// |\p{N}{1,3}
/// | ?[^\s\p{L}\p{N}]+[\r\n/]*
/// |\s*[\r\n]+|\s+(?!\S)|\s+
/// ```
struct CaseSplitter: Splitter {
  /// Whether a contraction belongs to the word before it.
  var contractions = true
  /// How many digits make a word at most.
  var digits = 3
  /// Whether slashes are taken along behind punctuation, as line breaks are.
  var slashes = true
  /// Whether runs of Han are words of their own, first of all: `[\p{Han}]+|…`, and no letters elsewhere.
  var separatesHan = false

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
    let character = text.character(position, end)
    if separatesHan, character.isAny(.han) { return text.skip(.han, from: position, end) }
    if let letters = letters(text, position, character, end) {
      guard contractions else { return letters }
      return text.contraction(at: letters, end, ignoringCase: true) ?? letters
    }
    if character.isAny(.number) {
      var next = position
      for _ in 0..<digits {
        let digit = text.character(next, end)
        guard digit.isAny(.number) else { break }
        next += digit.length
      }
      return next
    }
    let first = character.scalar == 0x20 ? position + 1 : position
    let rest = text.skip(without: [.space, .letter, .number], from: first, end)
    if rest > first {
      var next = text.skip(.newline, from: rest, end)
      while slashes, text.byte(next, end) == UInt8(ascii: "/") || text.character(next, end).isAny(.newline) {
        next += 1
      }
      return next
    }
    if let space = text.whitespaceOrLines(at: position, end) { return space }
    // Only a Han letter could be left, and those were taken first.
    return position + character.length
  }

  /// The two alternatives of letters, each with and then without the character before them.
  @inline(__always)
  private func letters(
    _ text: ScannedText, _ position: Int, _ character: ScannedText.Character, _ end: Int
  ) -> Int? {
    let afterPrefix = position + character.length
    let mayPrefix = character.isNone([.newline, .letter, .number])
    // A prefix that is no mark must be followed by the letters themselves.
    if mayPrefix, !isWord(text.character(afterPrefix, end)), !isWord(character) { return nil }
    if mayPrefix, let next = lowerWord(text, afterPrefix, end) { return next }
    if let next = lowerWord(text, position, end) { return next }
    if mayPrefix, let next = upperWord(text, afterPrefix, end) { return next }
    return upperWord(text, position, end)
  }

  @inline(__always)
  private func isWord(_ character: ScannedText.Character) -> Bool { isUpper(character) || isLower(character) }

  /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
  @inline(__always)
  private func isUpper(_ character: ScannedText.Character) -> Bool {
    character.isAny([.letter, .mark]) && !character.isAny(separatesHan ? [.lower, .han] : .lower)
  }

  /// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
  @inline(__always)
  private func isLower(_ character: ScannedText.Character) -> Bool {
    character.isAny([.letter, .mark]) && !character.isAny(separatesHan ? [.upper, .han] : .upper)
  }

  /// `U*L+`. Where no lower-case letter follows the upper-case run, its last letter that is both ends the match.
  @inline(__always)
  private func lowerWord(_ text: ScannedText, _ position: Int, _ end: Int) -> Int? {
    var next = position
    var afterBoth: Int?
    var character = text.character(next, end)
    while isUpper(character) {
      next += character.length
      if isLower(character) { afterBoth = next }
      character = text.character(next, end)
    }
    guard isLower(character) else { return afterBoth }
    return lowerEnd(text, next, end)
  }

  /// `U+L*`
  @inline(__always)
  private func upperWord(_ text: ScannedText, _ position: Int, _ end: Int) -> Int? {
    var next = position
    var character = text.character(next, end)
    while isUpper(character) {
      next += character.length
      character = text.character(next, end)
    }
    return next == position ? nil : lowerEnd(text, next, end)
  }

  @inline(__always)
  private func lowerEnd(_ text: ScannedText, _ position: Int, _ end: Int) -> Int {
    var next = position
    var character = text.character(next, end)
    while isLower(character) {
      next += character.length
      character = text.character(next, end)
    }
    return next
  }
}
