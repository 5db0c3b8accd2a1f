// What all tokenizers share: special tokens at the ends, tokens found by their spelling, white space beside special
// tokens, decoding.

import Testing

@testable import ApusText

struct TokenizerTests {
  @Test func endsAreAddedAsTheModelWants() throws {
    let start: Int32 = 266
    let end: Int32 = 267
    var options = TokenizerOptions()
    options.addEOS = true
    let tokenizer = try Tiny.bytePair(
      pre: "llama-bpe", special: SpecialTokens(bos: start, eos: end), options: options)
    let text = try tokenizer.encode("hello", addSpecial: false)
    #expect(try tokenizer.encode("hello") == [start] + text + [end])
    #expect(try tokenizer.encode("") == [start, end])
    #expect(try tokenizer.encode("", addSpecial: false) == [])
    #expect(tokenizer.text([start] + text + [end]) == "hello")

    let bert = try Tiny.wordPiece()
    #expect(try bert.encode("Héllo, wörlds!") == [2, 5, 1, 6, 7, 8, 3])
    #expect(try bert.encode("[MASK]", parseSpecial: true) == [2, 4, 3])
    #expect(bert.text(try bert.encode("hello worlds!")) == "hello worlds !")
  }

  @Test func wholeWordsComeBeforeMergesWhereTheModelSaysSo() throws {
    var options = TokenizerOptions()
    options.ignoreMerges = true
    // "hell" can be made from merges; "lo" is a token that no merge leads to from "hello".
    let merges = ["h e", "l l", "he ll", "l o"]
    let plain = try Tiny.bytePair(merges: merges)
    let whole = try Tiny.bytePair(merges: merges, options: options)
    #expect(try plain.encode("llo", addSpecial: false).count == 2)
    #expect(try whole.encode("lo", addSpecial: false).count == 1)
    #expect(try whole.encode("llo", addSpecial: false).count == 2)
  }

  @Test func endTokensAreFoundByTheirSpelling() throws {
    let pieces = ["a", "<|im_end|>", "<|endoftext|>", "<|fim_prefix|>", "</s>", "<|start|>"]
    let vocabulary = try Vocabulary(pieces: ByteStrings(pieces), special: SpecialTokens(eos: 2))
    #expect(vocabulary.special.eot == 1)
    #expect(vocabulary.special.fillPrefix == 3)
    #expect(vocabulary.endOfGeneration == [1, 2, 4])
    #expect(vocabulary.kind(of: 1) == .control && vocabulary.kind(of: 0) == .normal)
    #expect(vocabulary.id(of: "</s>") == 4 && vocabulary.id(of: "b") == nil)
  }

  /// In the "harmony" format `<|end|>` ends a message, not the answer.
  @Test func harmonyGoesOnAfterEnd() throws {
    let pieces = ["a", "<|return|>", "<|call|>", "<|end|>", "<|start|>"]
    let vocabulary = try Vocabulary(
      pieces: ByteStrings(pieces), kinds: [.normal] + [TokenKind](repeating: .control, count: 4))
    #expect(vocabulary.endOfGeneration == [1, 2])
    let tokenizer = try Tokenizers.make(model: "llama", vocabulary: vocabulary)
    #expect(tokenizer.text([4, 0]) == "<|start|>a")
    #expect(try tokenizer.encode("<|start|>", addSpecial: false).contains(4) == false)
  }

  /// A token that merges make from plain text is text, even when it looks like a control token.
  @Test func mergesDecideWhatIsText() throws {
    let tokenizer = try Tiny.bytePair(merges: ["< /", "</ s", "</s >"], control: ["<|im_end|>"])
    let id = try #require(tokenizer.vocabulary.id(of: "</s>"))
    #expect(try tokenizer.encode("</s>", addSpecial: false).count == 3, "GPT-2 cuts at the letter")
    #expect(tokenizer.vocabulary.kind(of: id) == .normal)
    #expect(!tokenizer.vocabulary.isEndOfGeneration(id))
    #expect(tokenizer.text([id]) == "</s>")
  }

  @Test func someModelsTakeSpaceBesideTheirTokensAlong() throws {
    var options = TokenizerOptions()
    options.modelName = "Phi-3-mini"
    let phi = try Tiny.bytePair(options: options)
    let parsed = try phi.encode("<|im_end|> \n hello<s> hello", addSpecial: false, parseSpecial: true)
    #expect(phi.text(parsed, special: true) == "<|im_end|>hello<s> hello")

    let jina = try Tiny.bytePair(control: ["<mask>"], pre: "jina-v2-code")
    let masked = try jina.encode("hello  <mask> hello", addSpecial: false, parseSpecial: true)
    #expect(jina.text(masked, special: true) == "hello<mask> hello")
  }

  @Test func spacesBeforeTextAreTakenAwayAgain() throws {
    let tokenizer = try Tiny.sentencePiece(userDefined: ["<tool>"])
    for text in [
      "hello", " hello", "  hello", "hello hello", "<tool>hello<tool> hello", "<s>hello</s>hello", "", " ",
    ] {
      let ids = try tokenizer.encode(text, addSpecial: false, parseSpecial: true)
      #expect(tokenizer.text(ids, special: true) == text, "\(text.debugDescription)")
    }
    let bare = try Tiny.sentencePiece(
      options: {
        var o = TokenizerOptions(); o.addSpacePrefix = false; return o
      }())
    #expect(bare.text(try bare.encode(" hello", addSpecial: false)) == " hello")
  }

  @Test func idsThatAreNoTokensGiveNothing() throws {
    let tokenizer = try Tiny.bytePair()
    #expect(tokenizer.decode([-1, .max, .min, 0x61, 100_000]) == [0x61])
    var text: [UInt8] = []
    tokenizer.appendBytes(of: -5, to: &text)
    tokenizer.appendBytes(of: 0x62, to: &text)
    #expect(text == [0x62])
  }

  /// Words longer than the cache and the short merger take give the same tokens as in parts.
  @Test(arguments: [60, 64, 65, 96, 97, 98, 200, 1000])
  func longWordsAreNoSpecialCase(_ count: Int) throws {
    let tokenizer = try Tiny.bytePair()
    let ids = try tokenizer.encode(String(repeating: "a", count: count), addSpecial: false)
    let four = try #require(tokenizer.vocabulary.id(of: "aaaa"))
    #expect(ids.filter { $0 == four }.count == count / 4)
    #expect(tokenizer.decode(ids).count == count)
  }

  /// gemma4: lines are words, characters are symbols, ▁ is a space, bytes are `<0xNN>`.
  @Test func characterPairs() throws {
    let bytes = (0..<256).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">" }
    let pieces = ["<bos>", "<eos>"] + bytes + ["▁", "h", "i", "é", "\n", "\n\n", "hi", "▁hi", "▁▁"]
    let kinds: [TokenKind] =
      [.control, .control] + bytes.map { _ in .byte } + [TokenKind](repeating: .normal, count: 9)
    let tokenizer = try Tokenizers.make(
      model: "gemma4",
      vocabulary: Vocabulary(
        pieces: ByteStrings(pieces), kinds: kinds, special: SpecialTokens(bos: 0, eos: 1)),
      merges: ByteStrings(["h i", "▁ hi", "▁ ▁", "\n \n"]))
    let id = { (piece: String) in tokenizer.vocabulary.id(of: piece)! }
    #expect(try tokenizer.encode("hi hi") == [0, id("hi"), id("▁hi")])
    #expect(try tokenizer.encode("é\n\nq  ", addSpecial: false) == [id("é"), id("\n\n"), 2 + 0x71, id("▁▁")])
    for text in ["hi hi\n\n  hié漢🚀", " ", "\n", ""] {
      #expect(tokenizer.text(try tokenizer.encode(text)) == text)
    }
  }

  /// t5: the best sum of scores wins, an unknown character costs ten more than the worst piece, unknown neighbours are
  /// one token, what the user defined costs nothing.
  @Test func unigramTakesTheBestPath() throws {
    let pieces = ["<pad>", "</s>", "<unk>", "ab", "b", "abc", "c", "<x>"]
    let vocabulary = try Vocabulary(
      pieces: ByteStrings(pieces), scores: [0, 0, 0, -3, -1, -9, -4, -50],
      kinds: [.control, .control, .unknown, .normal, .normal, .normal, .normal, .userDefined])
    let tokenizer = try Tokenizers.make(model: "t5", vocabulary: vocabulary)
    #expect(try tokenizer.encode("ab") == [3, 1])
    #expect(try tokenizer.encode("abc", addSpecial: false) == [3, 6])
    #expect(try tokenizer.encode("zab", addSpecial: false) == [2, 3])
    #expect(try tokenizer.encode("zzéb", addSpecial: false) == [2, 4])
    #expect(try tokenizer.encode("b<x>b", addSpecial: false) == [4, 7, 4])
    #expect(try tokenizer.encode([0x62, 0xFF, 0x62], addSpecial: false) == [4, 2, 4])
    #expect(try tokenizer.encode("", addSpecial: false) == [])
  }
}
