// A text as tokenizers with ▁ for a space see it. Internally the space itself stands for ▁, so that the text does not
// grow; a ▁ that the text really has becomes a space, as it does in every implementation of SentencePiece.

/// The plain parts of a text in one buffer, ▁ replaced, with a space before each where that is wanted.
struct SpacedText {
  private(set) var bytes = ContiguousArray<UInt8>()
  private(set) var parts: [TextPart] = []

  init(_ text: UnsafeBufferPointer<UInt8>, _ parts: [TextPart], prefix: Bool) {
    bytes.reserveCapacity(text.count + parts.count)
    self.parts.reserveCapacity(parts.count)
    for part in parts {
      switch part {
      case .token: self.parts.append(part)
      case .text(let range):
        let start = bytes.count
        // The matcher never gives two texts in a row: before each is the start or a token.
        if prefix { bytes.append(0x20) }
        append(text, range)
        self.parts.append(.text(start..<bytes.count))
      }
    }
  }

  private mutating func append(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    var start = range.lowerBound
    var position = start
    while position < range.upperBound {
      guard text[position] == 0xE2, SpaceSign.isSign(text, position), position + 3 <= range.upperBound else {
        position += 1
        continue
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<position]))
      bytes.append(0x20)
      position += 3
      start = position
    }
    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<range.upperBound]))
  }
}
