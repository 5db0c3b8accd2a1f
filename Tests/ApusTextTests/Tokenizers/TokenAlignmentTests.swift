// Which bytes of a text each token stands for, for every kind of tokenizer.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusText

@Suite struct TokenAlignmentTests {
  static let texts = [
    "", " ", "Hello  there\n\n", "  a b\tc ", "日本 🎉 Zürich — é", "x<|im_end|>\n y</s> z <s>", "\n</s>\n",
  ]

  @Test(
    "tokens spell the text they were made of",
    arguments: [
      "bytes-gpt2", "bytes-llama3", "bytes-qwen", "bytes-deepseek", "bytes-digits",
      "characters-llama2",
      "characters-gemma",
    ], [false, true])
  func spelled(_ name: String, _ special: Bool) throws {
    let file = try #require(readFile(Fixtures.path("tokenizer_json/\(name).json")))
    let tokenizer = try file.withUnsafeBytes { try HuggingFaceTokenizer.make($0, config: nil, name: name) }
    for text in Self.texts {
      let bytes = Array(text.utf8)
      let tokens = try tokenizer.encode(bytes, addSpecial: false, parseSpecial: special)
      let found = tokenizer.ends(of: tokens, in: bytes)
      let ends = try #require(found, "\(name): \(text)")
      #expect(ends.count == tokens.count)
      #expect((ends.last ?? 0) == (tokens.isEmpty ? 0 : bytes.count), "\(name): \(text)")
      #expect(zip([0] + ends, ends).allSatisfy { $0 <= $1 })
      var start = 0
      for (token, end) in zip(tokens, ends) {
        // What a token stands for is its own bytes, but for spaces added or swallowed around it.
        let own = tokenizer.withBytes(of: token, special: true) { Array($0) }
        let there = Array(bytes[start..<end])
        #expect(
          own == there || own == [0x20] + there
            || there.ends(with: own.first == 0x20 ? Array(own[1...]) : own),
          "\(name): \(text): \(own) is \(there)")
        start = end
      }
    }
  }

  @Test("a text that was changed first is not spelled")
  func changed() throws {
    let file = try #require(readFile(Fixtures.path("tokenizer_json/bytes-qwen.json")))
    let tokenizer = try file.withUnsafeBytes { try HuggingFaceTokenizer.make($0, config: nil, name: "qwen") }
    let text = Array("cafe\u{301}".utf8)
    let ends = tokenizer.ends(of: try tokenizer.encode(text, addSpecial: false), in: text)
    #expect(ends == nil)
    let none = tokenizer.ends(of: [], in: text)
    #expect(none == nil)
  }
}

extension [UInt8] {
  fileprivate func ends(with other: [UInt8]) -> Bool { suffix(other.count).elementsEqual(other) }
}
