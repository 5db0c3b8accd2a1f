// The splitters that a new tokenizer can be trained with, and where a long text may be cut so that its parts have the
// words of the whole. How they cut is in their own files.

/// How a text is cut into words before its pieces are learned.
public enum WordPattern: String, CaseIterable, Sendable {
  /// GPT-2's: words with the space before them, numbers of any length.
  case gpt2
  /// Llama 3's: numbers of up to three digits, contractions in capitals, line breaks behind punctuation.
  case llama3
  /// Qwen 2's: as Llama 3's, but every digit alone.
  case qwen2

  /// The regular expression a `tokenizer.json` knows it by.
  package var expression: String { known.spellings[0] }

  private var known: SplitPatterns.Known {
    let name = self == .gpt2 ? "gpt-2" : rawValue
    guard let known = SplitPatterns.named(name) else { preconditionFailure("no pattern is called \(name)") }
    return known
  }

  /// Calls `word(start, end)` for each word of `range` of the text, in order and without gaps.
  ///
  /// - Complexity: O(bytes of the range).
  package func split(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ word: (Int, Int) -> Void
  ) {
    known.splitter.split(ScannedText(text), range.lowerBound, range.upperBound, word)
  }
}

extension WordPattern {
  /// Whether the text before `position` and the text from there on, each on its own, have the words that both have as
  /// one text. It looks at the characters on both sides only, so bytes that are not there yet cannot change it where
  /// four follow.
  ///
  /// No word of these patterns goes on over white space, and the patterns do not look back. So a cut changes nothing
  /// - before white space that follows something else, except before a line break behind punctuation, which takes it
  ///   along in all patterns but GPT-2's;
  /// - in those patterns, before what is no white space and follows a line break, since they end the white space there
  ///   in any case. GPT-2's does not: before a letter it keeps the last character of a run of white space apart.
  package func allowsCut(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
    let scanned = ScannedText(text)
    let here = scanned.character(position, text.count)
    guard position > 0, here.length > 0 else { return true }
    guard here.isAny(.space) else {
      return self != .gpt2 && (text[position - 1] == 0x0A || text[position - 1] == 0x0D)
    }
    let previous = scanned.character(before: position)
    guard previous.isNone(.space) else { return false }
    return self == .gpt2 || here.isNone(.newline) || previous.isAny([.letter, .number])
  }
}

extension ScannedText {
  /// The character that ends at `position`, which is not the start of the text.
  fileprivate func character(before position: Int) -> Character {
    for length in 1...min(4, position) where base[position - length] & 0xC0 != 0x80 {
      let found = character(position - length, position)
      if found.length == length { return found }
      break
    }
    // The last byte is no UTF-8.
    return character(position - 1, position)
  }
}
