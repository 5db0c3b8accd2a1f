// Special tokens around one text and around two, for kinds of tokenizers whose files do not spell them out.

import Testing

@testable import ApusText

struct TokenTemplateTests {
  @Test func wordPieceSeparatesTwoSegments() throws {
    let tokenizer = try Tiny.wordPiece()
    let pair = try tokenizer.encodePair(Array("hello".utf8), Array("world hello".utf8))
    #expect(pair.ids == [2, 5, 3, 6, 5, 3])
    #expect(pair.segments == [0, 0, 0, 1, 1, 1])
    let empty = try tokenizer.encodePair([], [])
    #expect(empty.ids == [2, 3, 3] && empty.segments == [0, 0, 1])
  }

  /// XLM-RoBERTa's form, and T5's without BOS and SEP.
  @Test func unigramPutsEndAndSeparatorBetween() throws {
    func tokenizer(_ special: SpecialTokens, addBOS: Bool) throws -> any Tokenizer {
      var options = TokenizerOptions()
      options.addBOS = addBOS
      let vocabulary = try Vocabulary(
        pieces: ByteStrings(["<s>", "<pad>", "</s>", "<unk>", "a", "b"]), scores: [0, 0, 0, 0, -1, -1],
        kinds: [.control, .control, .control, .unknown, .normal, .normal], special: special)
      return try Tokenizers.make(model: "t5", vocabulary: vocabulary, options: options)
    }
    let robust = try tokenizer(SpecialTokens(bos: 0, eos: 2, unk: 3, sep: 2, pad: 1), addBOS: true)
    let pair = try robust.encodePair([0x61], [0x62])
    #expect(pair.ids == [0, 4, 2, 2, 5, 2] && pair.segments == [0, 0, 0, 0, 0, 0])
    let plain = try tokenizer(SpecialTokens(eos: 2, unk: 3, pad: 1), addBOS: false)
    #expect(try plain.encodePair([0x61], [0x62]).ids == [4, 2, 5, 2])
  }

  /// Control tokens spelled in either text are plain text.
  @Test func pairsHaveNoControlTokensOfTheirOwn() throws {
    let tokenizer = try Tiny.bytePair()
    let pair = try tokenizer.encodePair(Array("<s>".utf8), Array("<|im_end|>".utf8))
    #expect(!pair.ids.contains { tokenizer.vocabulary.kind(of: $0) == .control })
    #expect(pair.ids.count == 13 && pair.segments.count == 13)
  }

  @Test func templatesHaveEachTextOnce() {
    let token = TokenTemplate.Element.token(1, segment: 0)
    let first = TokenTemplate.Element.first(segment: 0)
    let second = TokenTemplate.Element.second(segment: 1)
    #expect(TokenTemplate(single: [], pair: [first, second]) == nil)
    #expect(TokenTemplate(single: [first, first], pair: [first, second]) == nil)
    #expect(TokenTemplate(single: [first, second], pair: [first, second]) == nil)
    #expect(TokenTemplate(single: [first], pair: [first]) == nil)
    let template = TokenTemplate(single: [token, token, first, token], pair: [second, token, first])
    #expect(template?.before == [1, 1] && template?.after == [1])
  }
}
