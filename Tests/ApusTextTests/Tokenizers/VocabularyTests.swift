// Vocabularies in files against the ids their own libraries give: pairs of `.inp` and `.out` beside each GGUF file,
// which hold texts and ids without special tokens. The small ones are committed (Tests/Fixtures/tokenizers_models.py),
// the real ones are shared data.

import ApusTestSupport
import Testing

@testable import ApusText

struct VocabularyTests {
  @Test(arguments: ["bpe", "spm", "ugm", "wpm"])
  func tinyVocabularies(_ name: String) throws {
    try check(Fixtures.path("tokenizers/\(name).gguf"))
  }

  @Test(
    .enabled(if: SharedData.has("vocab/ggml-vocab-gpt-2.gguf"), SharedData.reason),
    arguments: ["gpt-2", "llama-bpe", "llama-spm", "qwen2", "bert-bge"])
  func realVocabularies(_ name: String) throws {
    try check(SharedData.path("vocab/ggml-vocab-\(name).gguf"))
  }

  private func check(_ path: String) throws {
    let tokenizer = try tokenizer(fromGGUF: path)
    let texts = parts(try #require(readFile(path + ".inp")), separatedBy: "\n__ggml_vocab_test__\n")
    let lines = parts(try #require(readFile(path + ".out")), separatedBy: "\n")
    #expect(texts.count > 40 && lines.count >= texts.count)
    for (text, line) in zip(texts, lines) {
      let ids = try tokenizer.encode(text, addSpecial: false)
      let expected = String(decoding: line, as: UTF8.self).split(separator: " ").map { Int32($0)! }
      #expect(ids == expected, "\(String(decoding: text, as: UTF8.self).debugDescription)")
      // The other two kinds normalise, so that not every text comes back.
      if tokenizer.model == "gpt2" || tokenizer.model == "llama" { #expect(tokenizer.decode(ids) == text) }
    }
    #expect(tokenizer.notes == [])
  }

  private func parts(_ bytes: [UInt8], separatedBy separator: String) -> [[UInt8]] {
    let separator = Array(separator.utf8)
    var parts: [[UInt8]] = []
    var start = 0
    var position = 0
    while position < bytes.count {
      if bytes[position] == separator[0], bytes[position...].starts(with: separator) {
        parts.append(Array(bytes[start..<position]))
        position += separator.count
        start = position
      } else {
        position += 1
      }
    }
    return parts + [Array(bytes[start...])]
  }
}
