// Tokenizer data that is wrong, as files may have it: F15, F16 and, for plain lists, F27 and F29 of the faults every
// part of Apus must survive. Each is an error that names the entry.

import Testing

@testable import ApusText

struct TokenizerDataTests {
  private func vocabulary(
    _ pieces: [String], scores: [Float] = [], kinds: [TokenKind] = [],
    special: SpecialTokens = SpecialTokens()
  ) throws(TokenizerError) -> Vocabulary {
    try Vocabulary(pieces: ByteStrings(pieces), scores: scores, kinds: kinds, special: special)
  }

  /// F15
  @Test func listsOfOtherLengthsAreRefused() {
    #expect(throws: TokenizerError.countMismatch(list: "scores", count: 1, tokens: 2)) {
      try vocabulary(["a", "b"], scores: [0])
    }
    #expect(throws: TokenizerError.countMismatch(list: "token types", count: 3, tokens: 2)) {
      try vocabulary(["a", "b"], kinds: [.normal, .normal, .normal])
    }
    #expect(throws: TokenizerError.badScore(index: 1)) { try vocabulary(["a", "b"], scores: [0, .nan]) }
    #expect(throws: TokenizerError.badScore(index: 0)) {
      try vocabulary(["a", "b"], scores: [-.infinity, 0])
    }
  }

  /// F16
  @Test func idsOutsideOfTheVocabularyAreRefused() {
    for id: Int32 in [2, -1, .max, .min] {
      #expect(throws: TokenizerError.specialOutOfRange(name: "eos", id: id, tokens: 2)) {
        try vocabulary(["a", "b"], special: SpecialTokens(eos: id))
      }
    }
    var special = SpecialTokens()
    special.fillMiddle = 7
    #expect(throws: TokenizerError.specialOutOfRange(name: "fim_mid", id: 7, tokens: 2)) {
      try vocabulary(["a", "b"], special: special)
    }
  }

  /// F16: defaults that the vocabulary is too small for are left out, never followed.
  @Test func defaultsOutsideOfTheVocabularyAreLeftOut() throws {
    let tokenizer = try Tokenizers.make(model: "llama", vocabulary: vocabulary(["a"]))
    #expect(tokenizer.vocabulary.special == SpecialTokens(unk: 0))
    #expect(!tokenizer.addsBOS && tokenizer.notes.count == 1)
    #expect(throws: TokenizerError.missingSpecial(name: "cls", reason: "the tokenizer model \"bert\"")) {
      try Tokenizers.make(model: "bert", vocabulary: vocabulary(["a", "b"]))
    }
    #expect(throws: TokenizerError.missingSpecial(name: "unk", reason: "the tokenizer model \"t5\"")) {
      try Tokenizers.make(model: "t5", vocabulary: vocabulary(["a", "b"]))
    }
  }

  /// F16
  @Test func wishesForTokensThatAreNotThereAreRefused() {
    var options = TokenizerOptions()
    options.addBOS = true
    #expect(throws: TokenizerError.missingSpecial(name: "bos", reason: "add_bos_token")) {
      try Tiny.bytePair(options: options)
    }
    options = TokenizerOptions()
    options.addEOS = true
    #expect(throws: TokenizerError.missingSpecial(name: "eos", reason: "add_eos_token")) {
      try Tiny.bytePair(options: options)
    }
  }

  /// F16
  @Test func sizesHaveLimits() {
    #expect(throws: TokenizerError.emptyVocabulary) { try vocabulary([]) }
    let byte: [UInt8] = [0x61]
    byte.withUnsafeBytes { view in
      _ = #expect(throws: TokenizerError.tooManyTokens(count: 10_000_000, limit: Vocabulary.maximumCount)) {
        try Vocabulary(pieces: ByteStrings(count: 10_000_000) { _ in view })
      }
    }
    let long = String(repeating: "a", count: 70_000)
    #expect(throws: TokenizerError.pieceTooLong(index: 1, length: 70_000, limit: 65_536)) {
      try vocabulary(["a", long])
    }
  }

  /// F16: of pieces with the same text the first is used, and said so. An empty piece is never found.
  @Test func duplicatesAreNoted() throws {
    let tokenizer = try Tokenizers.make(
      model: "llama",
      vocabulary: vocabulary(
        ["<unk>", "a", "b", "a", "", ""], kinds: [.unknown] + [TokenKind](repeating: .normal, count: 5)))
    #expect(try tokenizer.encode("ab", addSpecial: false).suffix(2) == [1, 2])
    #expect(tokenizer.notes.contains { $0.contains("1 tokens have the same text") })
    #expect(tokenizer.decode([3, 4, 5, 1]) == Array("aa".utf8))
  }

  /// F27
  @Test(arguments: [
    ("a", "is not two tokens"), ("", "is not two tokens"), ("a ", "its second part is not a token"),
    ("ab c", "its first part is not a token"), ("a 漢", "its second part is not a token"),
    (" a", "is not two tokens"), ("a a a", "its second part is not a token"),
  ])
  func badMergesAreRefused(_ merge: String, _ problem: String) throws {
    var pieces = Tiny.alphabet
    pieces.append("aa")
    let made = try vocabulary(pieces)
    #expect(throws: TokenizerError.badMerge(index: 1, text: merge, problem: problem)) {
      try Tokenizers.make(model: "gpt2", pre: "gpt-2", vocabulary: made, merges: ByteStrings(["a a", merge]))
    }
  }

  /// F27
  @Test func mergesThatMakeNoTokenAreRefused() throws {
    let made = try vocabulary(Tiny.alphabet)
    #expect(throws: TokenizerError.badMerge(index: 0, text: "a b", problem: "what it makes is not a token")) {
      try Tokenizers.make(model: "gpt2", pre: "gpt-2", vocabulary: made, merges: ByteStrings(["a b"]))
    }
    #expect(throws: TokenizerError.missingMerges(model: "gpt2")) {
      try Tokenizers.make(model: "gpt2", pre: "gpt-2", vocabulary: made)
    }
    let byte: [UInt8] = [0x61]
    byte.withUnsafeBytes { view in
      _ = #expect(throws: TokenizerError.tooManyMerges(count: 5_000_000, limit: 1 << 22)) {
        try Tokenizers.make(
          model: "gpt2", pre: "gpt-2", vocabulary: made, merges: ByteStrings(count: 5_000_000) { _ in view })
      }
    }
  }

  /// F29: what is not known is named, never guessed.
  @Test(arguments: ["rwkv", "plamo2", "hybriddna", "", "GPT2"])
  func unknownModelsAreNamed(_ model: String) throws {
    let made = try vocabulary(Tiny.alphabet)
    #expect(throws: TokenizerError.unknownModel(model)) {
      try Tokenizers.make(model: model, vocabulary: made)
    }
    #expect(throws: TokenizerError.unknownPreTokenizer("gpt-9")) {
      try Tokenizers.make(model: "gpt2", pre: "gpt-9", vocabulary: made, merges: ByteStrings([String]()))
    }
  }

  @Test func aMissingPreTokenizerIsNoted() throws {
    let tokenizer = try Tiny.bytePair(pre: nil)
    #expect(tokenizer.preTokenizer == "default" && tokenizer.notes.count == 1)
  }

  /// Damaged normalisation tables are errors when they are read, at the latest when they are used.
  @Test func damagedCharacterMapsAreErrors() throws {
    for bytes: [UInt8] in [[1], [8, 0, 0, 0, 1], [3, 0, 0, 0, 1, 2, 3], [255, 255, 255, 255, 0]] {
      #expect(throws: TokenizerError.self, "\(bytes)") { try CharacterMap(bytes) }
    }
    var random = SplitMix(state: 9)
    let text = Array("The quick brown ﬁ".utf8)
    for _ in 0..<2000 {
      let units = 4 * Int(random.next() % 20)
      var bytes = [UInt8(units), 0, 0, 0]
      bytes += (0..<units + Int(random.next() % 10)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let map = try CharacterMap(bytes)
      text.withUnsafeBufferPointer { text in
        for position in text.indices { _ = try? map.longest(in: text, from: position) }
      }
    }
  }

  @Test func errorsAreOneLine() {
    let errors: [TokenizerError] = [
      .unknownModel("x"), .unknownPreTokenizer("x"), .emptyVocabulary, .tooManyTokens(count: 1, limit: 2),
      .pieceTooLong(index: 1, length: 2, limit: 3), .countMismatch(list: "scores", count: 1, tokens: 2),
      .badScore(index: 1), .specialOutOfRange(name: "bos", id: 1, tokens: 1),
      .missingSpecial(name: "bos", reason: "x"), .missingMerges(model: "gpt2"),
      .tooManyMerges(count: 1, limit: 2),
      .badMerge(index: 1, text: "a b", problem: "x"), .badCharacterMap("x"), .noToken(byte: 1, offset: 2),
      .textTooLong(count: 1, limit: 2),
    ]
    for error in errors {
      #expect(!error.description.contains("\n") && !error.description.hasSuffix("."), "\(error)")
    }
    #expect("\(TokenizerError.badScore(index: 7))" == "the score of token 7 is not a finite number")
  }
}
