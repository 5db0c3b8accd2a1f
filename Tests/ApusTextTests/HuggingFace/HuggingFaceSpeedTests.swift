// How long files of the largest known size take to read, and encoding with them. The figures are printed; only what
// would be a mistake by its order of magnitude fails. Run with
// `swift test -c release -Xswiftc -enable-testing --filter HuggingFaceSpeed`.

import ApusTestSupport
import Testing

@testable import ApusText

#if DEBUG
  private let isOptimised = false
#else
  private let isOptimised = true
#endif

@Suite(.serialized, .enabled(if: isOptimised, "times mean something in release builds only"))
struct HuggingFaceSpeedTests {
  /// A file with all words of up to three letters and some of four, and the merges `abc d` and `a bcd` of each.
  private static func file(pieces: Int, merges: Int, asPairs: Bool) -> (
    bytes: [UInt8], pieces: Int, merges: Int
  ) {
    let letters = (0..<26).map { String(Unicode.Scalar(UInt8($0) + 0x61)) }
    var all = letters
    var start = 0
    while all.count < pieces {
      let end = all.count
      for word in all[start..<end] where all.count < pieces {
        for letter in letters where all.count < pieces { all.append(word + letter) }
      }
      start = end
    }
    var json = #"{"model":{"type":"BPE","vocab":{"#
    json += all.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",")
    json += #"},"merges":["#
    var list: [String] = []
    func add(_ left: Substring, _ right: Substring) {
      list.append(asPairs ? "[\"\(left)\",\"\(right)\"]" : "\"\(left) \(right)\"")
    }
    outer: while true {
      for word in all.dropFirst(26) {
        add(word.dropLast(), word.suffix(1))
        if word.utf8.count > 2 { add(word.prefix(1), word.dropFirst()) }
        if list.count >= merges { break outer }
      }
    }
    json += list.joined(separator: ",")
    json += #"]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}"#
    return (Array(json.utf8), all.count, list.count)
  }

  @Test(arguments: [(300_000, 500_000, false), (300_000, 500_000, true), (400_000, 1_000_000, false)])
  func largeFilesAreRead(_ pieces: Int, _ merges: Int, _ asPairs: Bool) throws {
    let file = Self.file(pieces: pieces, merges: merges, asPairs: asPairs)
    var tokenizer: (any Tokenizer)?
    let duration = try processorTime {
      tokenizer = try file.bytes.withUnsafeBytes {
        try HuggingFaceTokenizer.make($0, config: nil, name: "large.json")
      }
    }
    let made = try #require(tokenizer)
    print("\(file.bytes.count) bytes, \(file.pieces) pieces, \(file.merges) merges: \(duration)")
    #expect(try made.encode("abc") == [Int32(26 + 26 * 26 + 28)])
    #expect(duration < .seconds(10))
  }

  /// F30: long texts of one character through every normalizer.
  @Test(arguments: [
    "bytes-qwen", "bytes-gpt4o", "characters-llama2", "unigram-xlmr", "unigram-words", "wordpiece-cased",
  ])
  func longTextsAreNoTrouble(_ name: String) throws {
    let tokenizer = try HuggingFaceFixture.tokenizer(name)
    for pattern in ["a", " ", "\u{0301}", "é", "字", "👩‍🚀", "q\u{0323}\u{0307}", "\r\n"] {
      let text = Array(String(repeating: pattern, count: 1_000_000 / pattern.utf8.count).utf8)
      let duration = try processorTime { _ = try tokenizer.encode(text, parseSpecial: true) }
      print("\(name), a million bytes of \(pattern.debugDescription): \(duration)")
      #expect(duration < .seconds(10))
    }
  }
}
