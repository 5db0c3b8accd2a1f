// SentencePiece's compiled replacements as the tokenizers library applies them, which is not as SentencePiece does:
// whole graphemes first, and the shortest entry rather than the longest. Models of `tokenizer.json` were used so.

extension CharacterMap {
  /// The text with the replacements made as the tokenizers library makes them: in a grapheme of up to five bytes the
  /// shortest entry that begins it stands for all of it; in others, character by character.
  func replaceGraphemes(
    of text: UnsafeBufferPointer<UInt8>, limit: Int
  ) throws(TokenizerError) -> ContiguousArray<UInt8> {
    var result = ContiguousArray<UInt8>()
    result.reserveCapacity(text.count)
    func isSingle(_ position: Int) -> Bool {
      guard text[position] < 0x80 else { return false }
      guard position + 1 < text.count else { return true }
      return text[position + 1] < 0x80 && !(text[position] == 0x0D && text[position + 1] == 0x0A)
    }
    func take(_ bytes: UnsafeBufferPointer<UInt8>, orAppend: Bool) throws(TokenizerError) -> Bool {
      if let replacement = try shortest(in: bytes) {
        guard result.count + replacement.count <= limit else { throw .normalizationTooLong(limit: limit) }
        result.append(contentsOf: replacement)
        return true
      }
      if orAppend { result.append(contentsOf: bytes) }
      return orAppend
    }
    var position = 0
    while position < text.count {
      if isSingle(position) {
        _ = try take(UnsafeBufferPointer(rebasing: text[position..<position + 1]), orAppend: true)
        position += 1
        continue
      }
      // Graphemes can only be looked for in a stretch whose neighbours are graphemes by themselves.
      var end = position + 1
      while end < text.count, !(isSingle(end) && text[end - 1] < 0x80) { end += 1 }
      let stretch = String(decoding: text[position..<end], as: UTF8.self)
      for grapheme in stretch {
        let bytes = ContiguousArray(grapheme.utf8)
        let outcome = bytes.withUnsafeBufferPointer { bytes in
          Result { () throws(TokenizerError) in
            if bytes.count < 6, try take(bytes, orAppend: false) { return }
            var start = 0
            while start < bytes.count {
              let length = scalarLength(bytes.baseAddress! + start, bytes.count - start)
              _ = try take(UnsafeBufferPointer(rebasing: bytes[start..<start + length]), orAppend: true)
              start += length
            }
          }
        }
        try outcome.get()
      }
      position = end
    }
    return result
  }
}
