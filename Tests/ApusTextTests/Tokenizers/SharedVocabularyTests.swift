// Real vocabularies against the token ids their models' own tokenizers give: pairs of `.inp` and `.out` files beside
// each vocabulary, which hold texts and ids without special tokens.

import ApusTestSupport
import Testing

@testable import ApusText

@Suite(.enabled(if: SharedData.has("vocab/ggml-vocab-gpt-2.gguf"), SharedData.reason))
struct SharedVocabularyTests {
  static let names = ["gpt-2", "llama-bpe", "llama-spm", "qwen2", "bert-bge"]

  @Test(arguments: names)
  func idsAreThoseOfTheModel(_ name: String) throws {
    let path = SharedData.path("vocab/ggml-vocab-\(name).gguf")
    let tokenizer = try tokenizer(fromGGUF: path)
    let texts = try #require(lines(path + ".inp", separatedBy: "\n__ggml_vocab_test__\n"))
    let expected = try #require(lines(path + ".out", separatedBy: "\n"))
    #expect(texts.count > 40)
    for (index, text) in texts.enumerated() {
      let ids = try tokenizer.encode(text, addSpecial: false)
      let wanted = expected[index].split(separator: " ").map { Int32($0)! }
      #expect(ids == wanted, "\(name), text \(index): \(text.debugDescription)")
      if tokenizer.model != "bert" {
        #expect(tokenizer.text(ids) == text, "\(name), text \(index)")
      }
    }
  }

  private func lines(_ path: String, separatedBy separator: String) -> [String]? {
    guard let bytes = readFile(path) else { return nil }
    var parts: [String] = []
    var start = 0
    let separator = Array(separator.utf8)
    var position = 0
    while position <= bytes.count {
      if position == bytes.count || bytes[position...].starts(with: separator) {
        parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
        position += separator.count
        start = position
      } else {
        position += 1
      }
    }
    return parts
  }
}
