// How a text is cut into words before byte pairs are merged: the protocol of all splitters and their chaining. Each
// family of published patterns is one file beside this one, hand-written: a general regular-expression engine is
// ten times slower and can be made to hang, these are linear in the text.
//
// A splitter stands for one regular expression, with the meaning tokenizers give it: every match is a word, and so is
// every stretch between two matches.

/// Cuts text into words.
protocol Splitter: Sendable {
  /// Calls `word(start, end)` for each word of the bytes `start ..< end` of `text`, in order and without gaps.
  ///
  /// - Complexity: O(*end* − *start*).
  func split(_ text: ScannedText, _ start: Int, _ end: Int, _ word: (Int, Int) -> Void)
}

/// Splitters one after the other, each cutting the words of the one before.
struct SplitterChain: Splitter {
  let first: any Splitter
  let second: any Splitter

  func split(_ text: ScannedText, _ start: Int, _ end: Int, _ word: (Int, Int) -> Void) {
    first.split(text, start, end) { second.split(text, $0, $1, word) }
  }
}

/// Leaves every text whole.
struct WholeSplitter: Splitter {
  func split(_ text: ScannedText, _ start: Int, _ end: Int, _ word: (Int, Int) -> Void) {
    if start < end { word(start, end) }
  }
}

/// A splitter whose pattern need not match everywhere: it says where the match at a position ends, and what lies
/// between matches is collected here.
protocol MatchingSplitter: Splitter {
  /// Where the match that starts at `position` ends, or `nil` when there is none. `start` is where the text begins.
  func match(_ text: ScannedText, at position: Int, _ start: Int, _ end: Int) -> Int?
}

extension MatchingSplitter {
  func split(_ text: ScannedText, _ start: Int, _ end: Int, _ word: (Int, Int) -> Void) {
    var gap = start
    var position = start
    while position < end {
      if let matchEnd = match(text, at: position, start, end) {
        if gap < position { word(gap, position) }
        word(position, matchEnd)
        position = matchEnd
        gap = matchEnd
      } else {
        position += text.character(position, end).length
      }
    }
    if gap < end { word(gap, end) }
  }
}

/// The parts that many patterns share.
extension ScannedText {
  /// Where `'s`, `'t`, `'m`, `'d`, `'re`, `'ve` or `'ll` ends that starts at `position`, or `nil`.
  ///
  /// Without regard to case, `ſ` (U+017F) is an `s`, as in every engine that folds case by Unicode.
  @inline(__always)
  func contraction(at position: Int, _ end: Int, ignoringCase: Bool) -> Int? {
    guard byte(position, end) == UInt8(ascii: "'") else { return nil }
    let fold: UInt8 = ignoringCase ? 0x20 : 0
    let first = byte(position + 1, end)
    guard first >= 0x41 else { return nil }
    switch first | (first < 0x80 ? fold : 0) {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return position + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return byte(position + 2, end) | fold == UInt8(ascii: "e") && byte(position + 2, end) >= 0x41
        ? position + 3 : nil
    case UInt8(ascii: "l"):
      return byte(position + 2, end) | fold == UInt8(ascii: "l") && byte(position + 2, end) >= 0x41
        ? position + 3 : nil
    case 0xC5:
      return ignoringCase && byte(position + 2, end) == 0xBF ? position + 3 : nil
    default:
      return nil
    }
  }

  /// `\s+(?!\S)|\s+` at white space: the run, without its last character when something follows it.
  ///
  /// - Returns: where the match ends, or `nil` when there is no white space.
  @inline(__always)
  func whitespace(at position: Int, _ end: Int) -> Int? {
    var last = position
    var next = position
    while true {
      let current = character(next, end)
      guard current.isAny(.space) else { break }
      last = next
      next += current.length
    }
    if next == position { return nil }
    return next == end || last == position ? next : last
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`: the run up to its last line break when it has one, otherwise as `whitespace`.
  @inline(__always)
  func whitespaceOrLines(at position: Int, _ end: Int) -> Int? {
    var last = position
    var next = position
    var afterLine = -1
    while true {
      let current = character(next, end)
      guard current.isAny(.space) else { break }
      last = next
      next += current.length
      if current.isAny(.newline) { afterLine = next }
    }
    if afterLine >= 0 { return afterLine }
    if next == position { return nil }
    return next == end || last == position ? next : last
  }
}
