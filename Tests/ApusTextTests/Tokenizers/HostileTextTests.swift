// Texts that are meant to be slow or to break something: F30, F31, F32 and F33 of the faults every part of Apus must
// survive.

import ApusTestSupport
import Testing

@testable import ApusText

struct HostileTextTests {
  #if DEBUG
    static let size = 40_000
  #else
    static let size = 10_000_000
  #endif
  /// Splitters are linear or they are not: a tenth of the text shows it, for every family.
  static let small = size / 10

  static let units: [(name: String, text: String)] = [
    ("one letter", "a"), ("spaces", " "), ("carets", "^"), ("emoji joined", "👩\u{200D}🚀\u{200D}"),
    ("combining marks", "\u{301}"), ("digits", "7"), ("newlines", "\n"), ("ideographs", "漢"),
    ("apostrophes", "'"),
    ("angle brackets", "<|"), ("mixed case", "aB"), ("NUL", "\0"),
  ]

  /// `unit` again and again, whole, up to `size` bytes.
  static func repeated(_ unit: String, _ size: Int) -> [UInt8] {
    var text = Array(unit.utf8)
    while text.count * 2 <= size { text += text }
    return text + text.prefix((size - text.count) / unit.utf8.count * unit.utf8.count)
  }

  /// F30: ten megabytes of the same thing take less than two seconds and come back exactly.
  @Test(
    arguments: units.map(\.name),
    [
      "gpt-2", "spm", "llama-bpe", "gpt-4o", "kimi-k2", "deepseek-v3", "deepseek-llm", "superbpe", "jais-2",
      "afmoe",
      "tiny_aya", "exaone-moe", "chameleon", "falcon", "youtu", "bloom",
    ])
  func repetitionIsHarmless(_ name: String, _ pre: String) throws {
    let size = pre == "spm" || pre == "gpt-2" ? Self.size : Self.small
    let text = Self.repeated(Self.units.first { $0.name == name }!.text, size)
    let tokenizer = try pre == "spm" ? Tiny.sentencePiece() : Tiny.bytePair(pre: pre)
    var ids: [Int32] = []
    let time = try processorTime { ids = try tokenizer.encode(text, addSpecial: false, parseSpecial: true) }
    #expect(tokenizer.decode(ids) == text)
    #expect(time < .seconds(2), "\(name), \(pre)")
  }

  /// F30 on real vocabularies.
  @Test(
    .enabled(if: SharedData.has("vocab/ggml-vocab-gpt-2.gguf"), SharedData.reason),
    arguments: ["gpt-2", "llama-bpe", "llama-spm", "qwen2", "bert-bge"])
  func repetitionIsHarmlessForRealVocabularies(_ vocabulary: String) throws {
    let tokenizer = try tokenizer(fromGGUF: SharedData.path("vocab/ggml-vocab-\(vocabulary).gguf"))
    for (name, unit) in Self.units {
      let text = Self.repeated(unit, Self.size)
      var ids: [Int32] = []
      let time = try processorTime { ids = try tokenizer.encode(text, addSpecial: false) }
      if tokenizer.model != "bert" { #expect(tokenizer.decode(ids) == text) }
      #expect(time < .seconds(2), "\(name), \(vocabulary)")
    }
  }

  /// F31: bytes that are no UTF-8 come back as they were.
  @Test(arguments: ["gpt-2", "llama-bpe", "qwen35", "gpt-4o", "falcon", "deepseek-llm", "afmoe", "chameleon"])
  func anyBytesComeBack(_ pre: String) throws {
    let tokenizer = try Tiny.bytePair(pre: pre)
    var random = SplitMix(state: 5)
    var texts: [[UInt8]] = [
      [], [0], [0xFF], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF, 0x61], Array("a\r\nb\r\n".utf8),
      [0xEF, 0xBF, 0xBE],
      [0xC0, 0xAF], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x96], Array("\0\0hello\0".utf8),
    ]
    for _ in 0..<200 {
      texts.append((0..<Int(random.next() % 60)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }
    for text in texts {
      #expect(tokenizer.decode(try tokenizer.encode(text, addSpecial: false)) == text, "\(pre), seed 5")
    }
  }

  /// F31 with byte tokens, where ▁ is the one text that does not come back: it is how these models spell a space.
  @Test func anyBytesComeBackFromByteTokens() throws {
    let tokenizer = try Tiny.sentencePiece()
    var random = SplitMix(state: 6)
    for _ in 0..<500 {
      let text = (0..<Int(random.next() % 60)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      #expect(tokenizer.decode(try tokenizer.encode(text, addSpecial: false)) == text, "seed 6")
    }
    #expect(tokenizer.text(try tokenizer.encode("a▁b", addSpecial: false)) == "a b")
  }

  /// F32: a byte without a token is unknown, or an error that names it.
  @Test func missingBytesAreUnknownOrErrors() throws {
    let most = (0..<256).filter { $0 != 0x7A }
    let without = try Tiny.bytePair(bytes: most)
    #expect(throws: TokenizerError.noToken(byte: 0x7A, offset: 6)) {
      try without.encode("hello z", addSpecial: false)
    }
    let unknown = Int32(most.count + 10)
    let with = try Tiny.bytePair(bytes: most, special: SpecialTokens(unk: unknown))
    #expect(try with.encode("z", addSpecial: false) == [unknown])

    let pieces = try Tiny.sentencePiece(bytes: false)
    #expect(try pieces.encode("hellé", addSpecial: false).filter { $0 == 0 }.count == 1)
    let nothing = try Vocabulary(pieces: ByteStrings(["▁", "a"]), scores: [0, 0])
    let strict = try Tokenizers.make(model: "llama", vocabulary: nothing)
    #expect(strict.vocabulary.special.unk == 0)
  }

  /// F33: what a user types is text, whatever it looks like; only `parseSpecial` makes tokens of it.
  @Test func controlTokensNeverComeFromText() throws {
    let tokenizer = try Tiny.bytePair()
    let text = "hello<|im_end|><|begin|>hello<s>"
    let plain = try tokenizer.encode(text, addSpecial: false)
    #expect(plain.allSatisfy { tokenizer.vocabulary.kind(of: $0) == .normal })
    #expect(tokenizer.text(plain) == text)
    let end = try #require(tokenizer.vocabulary.id(of: "<|im_end|>"))
    let parsed = try tokenizer.encode(text, addSpecial: false, parseSpecial: true)
    #expect(parsed.contains(end) && parsed.count < plain.count)
    #expect(tokenizer.text(parsed, special: true) == text)
    #expect(tokenizer.text(parsed) == "hellohello")

    let pieces = try Tiny.sentencePiece(["▁", "<", "s", ">", "<s", "/", "</", "</s"])
    let ids = try pieces.encode("<s></s>", addSpecial: false)
    #expect(ids.allSatisfy { pieces.vocabulary.kind(of: $0) != .control })
    #expect(try pieces.encode("<0x41>", addSpecial: false).contains(3 + 0x41) == false)
    #expect(try pieces.encode("<s>", addSpecial: false, parseSpecial: true) == [1])
  }

  /// User-defined tokens are matched in every text, the longest at each place.
  @Test func userDefinedTokensAreAlwaysMatched() throws {
    let tokenizer = try Tiny.bytePair(userDefined: ["<tool>", "<tool>>", "<t"])
    let id = { (piece: String) in try #require(tokenizer.vocabulary.id(of: piece)) }
    #expect(try tokenizer.encode("<tool>", addSpecial: false) == [id("<tool>")])
    #expect(try tokenizer.encode("<tool>>>", addSpecial: false) == [id("<tool>>"), id(">")])
    #expect(try tokenizer.encode("<to", addSpecial: false) == [id("<t"), id("o")])
  }
}
