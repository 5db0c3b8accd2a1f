// Which bytes of a text each of its tokens stands for. Tokenizers give ids only; the bytes of the ids, one behind the other,
// are the text, but for what tokenizers add and drop around control tokens.

extension Tokenizer {
  /// Where each token ends in the text it was made of: token i stands for the bytes from the end of token i − 1 to its own.
  ///
  /// A space that the tokenizer put before a word takes no bytes. White space that a control token swallowed belongs to the
  /// token after it, at the end of a text to the last.
  ///
  /// - Parameters:
  ///   - tokens: what `encode` made of `text`, without added tokens.
  /// - Returns: nil when the tokens do not spell the text, because the tokenizer changed it first.
  /// - Complexity: O(*bytes*).
  package func ends(of tokens: [Int32], in text: [UInt8]) -> [Int]? {
    var ends: [Int] = []
    ends.reserveCapacity(tokens.count)
    var position = 0
    let vocabulary = vocabulary
    for (index, token) in tokens.enumerated() {
      let touchesMarker =
        vocabulary.isMarker(token) || index == 0 || vocabulary.isMarker(tokens[index - 1])
      let end = withBytes(of: token, special: true) { bytes in
        Self.end(of: bytes, in: text, from: position, skipsSpace: touchesMarker)
      }
      guard let end else { return nil }
      position = end
      ends.append(end)
    }
    if position < text.count {
      guard let last = tokens.last, vocabulary.isMarker(last),
        afterSpace(in: text, from: position) == text.count
      else { return nil }
      ends[ends.count - 1] = text.count
    }
    return ends
  }

  private static func end(
    of bytes: UnsafeRawBufferPointer, in text: [UInt8], from position: Int, skipsSpace: Bool
  ) -> Int? {
    let added = bytes.first == 0x20 ? 1 : 0
    var starts = [position]
    if skipsSpace { starts.append(afterSpace(in: text, from: position)) }
    for start in starts {
      for dropped in added == 0 ? [0] : [0, 1] {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[dropped...])
        if start + rest.count <= text.count, text[start..<start + rest.count].elementsEqual(rest) {
          return start + rest.count
        }
      }
    }
    return nil
  }
}

/// The first place from `start` on with something else than ASCII white space.
private func afterSpace(in text: [UInt8], from start: Int) -> Int {
  var place = start
  while place < text.count, text[place] == 0x20 || 0x09...0x0D ~= text[place] { place += 1 }
  return place
}
