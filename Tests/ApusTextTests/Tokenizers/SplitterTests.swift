// Every splitter against its published pattern: Tests/Fixtures/tokenizers_splits.py cuts a corpus with the Python
// package `regex`, this compares. A larger corpus is taken from the directory in APUS_SPLITS when that is set.

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

struct SplitterTests {
  /// The words of every text, by pre-tokenizer.
  struct Fixture {
    var texts: [[UInt8]]
    var lengths: [String: [[Int]]]

    init(_ directory: String) throws {
      let texts = try #require(readFile(directory + "/splits-texts.bin"))
      self.texts = texts.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
      let lines = try #require(readFile(directory + "/splits.txt")).split(separator: UInt8(ascii: "\n"))
      lengths = [:]
      for line in lines {
        let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        lengths[String(decoding: fields[0], as: UTF8.self)] = fields.dropFirst().map(Self.lengths)
      }
    }

    private static func lengths(_ field: ArraySlice<UInt8>) -> [Int] {
      var lengths: [Int] = []
      var number: Int?
      for byte in field {
        switch byte {
        case UInt8(ascii: "("): number = 0
        case UInt8(ascii: ")"):
          lengths.append(number!)
          number = nil
        case 0x30...0x39 where number != nil: number = number! * 10 + Int(byte) - 0x30
        case 0x30...0x39: lengths.append(Int(byte) - 0x30)
        case 0x61...0x7A: lengths.append(Int(byte) - 0x61 + 10)
        default: lengths.append(Int(byte) - 0x41 + 36)
        }
      }
      return lengths
    }
  }

  /// The pre-tokenizers whose pattern is that of another one.
  static let sameAs: [String: [String]] = [
    "gpt-2": [
      "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum",
      "modern-bert",
      "jina-v1-en", "jina-v2-code", "roberta-bpe", "mpt", "olmo", "jais", "exaone4", "trillion",
      "granite-docling",
    ],
    "starcoder": ["refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"],
    "llama-bpe": [
      "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano", "dbrx",
      "smaug-bpe",
      "chatglm-bpe", "glm4", "glm5",
    ],
    "qwen2": [
      "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "megrez", "hunyuan", "solar-open", "grok-2",
    ],
    "bailingmoe": ["bailingmoe2", "llada-moe"],
    "gpt-4o": ["llama4", "kanana2", "talkie", "minimax-m2", "granite-embed-multi-97m"],
    "tiny_aya": ["cohere2moe"],
    "deepseek-v3": ["hunyuan-dense", "joyai-llm", "hy_v4"],
    "bloom": ["poro-chat", "gpt3-finnish"],
    "gemma4": ["granite-embed-multi-311m", "sarvam-moe"],
  ]

  static func words(_ name: String, _ text: [UInt8]) throws -> [Int] {
    let splitter = try PreTokenizer.named(name).splitter
    var lengths: [Int] = []
    text.withUnsafeBufferPointer { bytes in
      var position = 0
      splitter.split(ScannedText(bytes), 0, bytes.count) { start, end in
        if start != position { lengths.append(-1) }
        lengths.append(end - start)
        position = end
      }
      if position != bytes.count { lengths.append(-1) }
    }
    return lengths
  }

  @Test(arguments: PreTokenizer.names)
  func cutsAreThoseOfThePattern(_ name: String) throws {
    let directory = getenv("APUS_SPLITS").map { String(cString: $0) } ?? Fixtures.path("tokenizers")
    let fixture = try Fixture(directory)
    let reference = Self.sameAs.first { $0.value.contains(name) }?.key ?? name
    let expected = try #require(fixture.lengths[reference], "no pattern for \(name)")
    #expect(expected.count == fixture.texts.count)
    var failures = 0
    for (index, text) in fixture.texts.enumerated() {
      let found = try Self.words(name, text)
      if found == expected[index] { continue }
      failures += 1
      if failures <= 3 {
        Issue.record(
          "\(name), text \(index) \(String(decoding: text, as: UTF8.self).debugDescription): \(found), not \(expected[index])"
        )
      }
    }
    #expect(failures == 0)
  }

  @Test func unknownNamesAreErrors() {
    #expect(throws: TokenizerError.unknownPreTokenizer("gpt-5")) { try PreTokenizer.named("gpt-5") }
    #expect(throws: TokenizerError.unknownPreTokenizer("")) { try PreTokenizer.named("") }
  }

  /// Bytes that are no UTF-8 never leave a gap or cut a word twice.
  @Test(arguments: PreTokenizer.names)
  func anyBytesAreCovered(_ name: String) throws {
    var random = SplitMix(state: 11)
    for _ in 0..<300 {
      let text = (0..<Int(random.next() % 40)).map { _ -> UInt8 in
        let value = random.next()
        return value & 0x300 == 0 ? UInt8(ascii: " ") : UInt8(truncatingIfNeeded: value)
      }
      let lengths = try Self.words(name, text)
      #expect(
        lengths.allSatisfy { $0 > 0 } && lengths.reduce(0, +) == text.count, "\(name), seed 11: \(text)")
    }
  }
}

/// A small generator of random numbers (Steele et al., 2014, doi:10.1145/2714064.2660195).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
