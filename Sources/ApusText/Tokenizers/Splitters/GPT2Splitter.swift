// The splitter of GPT-2, and the last step of many others.

/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
struct GPT2Splitter: Splitter {
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
    if let next = text.contraction(at: position, end, ignoringCase: false) { return next }
    let first = text.byte(position, end) == UInt8(ascii: " ") ? position + 1 : position
    let character = text.character(first, end)
    if character.isAny(.letter) { return text.skip(.letter, from: first + character.length, end) }
    if character.isAny(.number) { return text.skip(.number, from: first + character.length, end) }
    if character.isNone(.space) {
      return text.skip(without: [.space, .letter, .number], from: first + character.length, end)
    }
    // Everything else is white space, so this always matches.
    return text.whitespace(at: position, end)!
  }
}
