// A large comparison with Hugging Face tokenizers and SentencePiece, for development: Tests/Fixtures/tokenizers_compare.py writes texts
// and ids to the directory in APUS_TOKENIZER_PEERS.

import ApusTestSupport
import Testing

@testable import ApusText

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private let directory = getenv("APUS_TOKENIZER_PEERS").map { String(cString: $0) }

@Suite(
  .enabled(
    if: directory != nil, "needs APUS_TOKENIZER_PEERS, written by Tests/Fixtures/tokenizers_compare.py"))
struct TokenizerPeerTests {
  @Test(arguments: ["gpt-2", "llama-bpe", "qwen2", "llama-spm"])
  func idsAreThoseOfThePeer(_ name: String) throws {
    let base = try #require(directory) + "/ggml-vocab-\(name)"
    let path = String(decoding: try #require(readFile(base + ".path")), as: UTF8.self)
    let tokenizer = try tokenizer(fromGGUF: path)
    let records = try #require(readFile(base + ".peer"))
    func word(_ position: Int) -> UInt32 {
      records.withUnsafeBytes {
        UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt32.self))
      }
    }
    var position = 0
    var count = 0
    var failures = 0
    while position < records.count {
      let (bytes, ids) = (Int(word(position)), Int(word(position + 4)))
      let start = position + 8
      let expected = (0..<ids).map { Int32(bitPattern: word(start + 4 * $0)) }
      let text = Array(records[start + 4 * ids..<start + 4 * ids + bytes])
      let found = try tokenizer.encode(text, addSpecial: false)
      // SentencePiece spells a space ▁, so a ▁ in the text comes back as a space.
      let comesBack = tokenizer.model == "gpt2" || !String(decoding: text, as: UTF8.self).contains("▁")
      if found != expected || comesBack && tokenizer.decode(found) != text {
        failures += 1
        if failures <= 5 {
          let index = zip(found, expected).prefix { $0 == $1 }.count
          Issue.record(
            "\(name), text \(count), token \(index) of \(String(decoding: text, as: UTF8.self).debugDescription)"
          )
        }
      }
      count += 1
      position = start + 4 * ids + bytes
    }
    #expect(failures == 0 && count > 1000, "\(failures) of \(count)")
    print("\(name): \(count) texts compared")
  }
}
