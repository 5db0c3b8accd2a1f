// Streaming: whole characters only, the same text as decoding at once, nothing lost at the end.

import Testing

@testable import ApusText

struct StreamDecoderTests {
  /// Pushes all ids and returns the parts.
  private func parts(
    _ tokenizer: any Tokenizer, _ ids: [Int32], special: Bool = false, continuing: Bool = false
  )
    -> [[UInt8]]
  {
    var decoder = StreamDecoder(tokenizer, special: special, continuing: continuing)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: decoder.capacity, alignment: 1)
    defer { buffer.deallocate() }
    var parts: [[UInt8]] = []
    for id in ids { parts.append(Array(buffer[..<decoder.push(id, into: buffer)])) }
    parts.append(Array(buffer[..<decoder.flush(into: buffer)]))
    return parts
  }

  @Test func charactersAreWhole() throws {
    let tokenizer = try Tiny.bytePair()
    let text = "aé漢🚀\u{301}z"
    let ids = try tokenizer.encode(text, addSpecial: false)
    let found = parts(tokenizer, ids)
    #expect(found.allSatisfy { String(validating: $0, as: UTF8.self) != nil })
    #expect(found.flatMap { $0 } == Array(text.utf8))
    #expect(found.filter(\.isEmpty).count > 5)
  }

  /// Bytes in any order give what `String(decoding:as:)` gives for all of them, whatever the cuts.
  @Test(arguments: 0..<20)
  func anyBytesAreRepairedAsByString(seed: Int) throws {
    let tokenizer = try Tiny.bytePair()
    var random = SplitMix(state: UInt64(seed))
    let interesting: [UInt8] = [
      0x61, 0x80, 0xBF, 0xC2, 0xC1, 0xE0, 0xA0, 0xED, 0x9F, 0xF0, 0x90, 0xF4, 0x8F, 0xF5, 0xFF,
    ]
    for _ in 0..<200 {
      let bytes = (0..<12).map { _ in interesting[Int(random.next() % UInt64(interesting.count))] }
      // Ids below 256 are the bytes themselves.
      let found = parts(tokenizer, bytes.map { Int32($0) }).flatMap { $0 }
      #expect(found == Array(String(decoding: bytes, as: UTF8.self).utf8), "seed \(seed): \(bytes)")
    }
  }

  @Test func whatIsHeldIsGivenOutAtTheEnd() throws {
    let tokenizer = try Tiny.bytePair()
    #expect(parts(tokenizer, [0x61, 0xF0, 0x9F, 0x9A]) == [[0x61], [], [], [], [0xEF, 0xBF, 0xBD]])
    #expect(parts(tokenizer, [0x61]) == [[0x61], []])
    #expect(parts(tokenizer, []) == [[]])
  }

  @Test func theFirstSpaceFollowsTheSameRuleAsDecoding() throws {
    let tokenizer = try Tiny.sentencePiece()
    let ids = try tokenizer.encode("hello hello")
    #expect(ids[0] == 1)
    #expect(parts(tokenizer, ids).flatMap { $0 } == Array("hello hello".utf8))
    #expect(parts(tokenizer, ids, special: true).flatMap { $0 } == Array("<s>hello hello".utf8))
    #expect(parts(tokenizer, ids, continuing: true).flatMap { $0 } == Array(" hello hello".utf8))
  }

  @Test func stringsForConvenience() throws {
    let tokenizer = try Tiny.bytePair()
    var decoder = StreamDecoder(tokenizer)
    var text = ""
    for id in try tokenizer.encode("hello 🚀", addSpecial: false) { text += decoder.push(id) }
    text += decoder.push(0xE2)
    #expect(text + decoder.flush() == "hello 🚀\u{FFFD}")
  }
}
