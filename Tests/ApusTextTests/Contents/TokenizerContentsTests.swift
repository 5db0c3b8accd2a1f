// Tokenizers from one format to the other and back: the same ids for every text, and by name what cannot be said.

import ApusBasics
import ApusFiles
import ApusTestSupport
import Testing

@testable import ApusText

@Suite struct TokenizerContentsTests {
  static let texts = [
    "", " ", "hello", "hello hello", "  hello   aaaa\n\n", "naïve café 12345 12 1", "\u{2581}x", "🙂 e\u{301}",
    "<|begin|>hello<s>", "a<tool>b", "'ll we'LL\r\n\t!!\n",
  ]

  /// Merges of the small byte-level tokenizer.
  private static let merges = [
    "h e", "l l", "he ll", "hell o", "Ġ hello", "Ġ Ġ", "ĠĠ ĠĠ", "a a", "aa aa", "Ì ģ",
  ]

  private func read(_ contents: TokenizerContents, template: String? = nil) throws -> any Tokenizer {
    let config = JSONValue.object(contents.configuration(contextLength: 128, chatTemplate: template))
    return try Array(contents.document.serialized().utf8).withUnsafeBytes {
      try HuggingFaceTokenizer.make($0, config: config, name: "tokenizer.json")
    }
  }

  private func again(_ contents: TokenizerContents) throws -> TokenizerContents {
    let config = JSONValue.object(contents.configuration(contextLength: 128, chatTemplate: nil))
    return try Array(contents.document.serialized().utf8).withUnsafeBytes {
      try TokenizerContents($0, config: config, name: "tokenizer.json")
    }
  }

  private func compare(_ one: any Tokenizer, _ other: any Tokenizer, _ texts: [String] = Self.texts) throws {
    for text in texts {
      for special in [false, true] {
        let wanted = try one.encode(text, parseSpecial: special)
        #expect(
          try other.encode(text, parseSpecial: special) == wanted, "\(text.debugDescription), \(special)")
      }
    }
  }

  @Test("byte pairs of bytes", arguments: PreTokenizerSteps.all.map(\.name), [false, true])
  func bytes(_ pre: String, addsBOS: Bool) throws {
    var options = TokenizerOptions()
    options.addBOS = addsBOS
    let special = SpecialTokens(bos: 266, eos: 267)
    let tokenizer = try Tiny.bytePair(merges: Self.merges, pre: pre, special: special, options: options)
    let contents = try TokenizerContents(tokenizer, merges: Self.merges)
    try compare(tokenizer, read(contents))
    let back = try again(contents)
    #expect(back.pieces == contents.pieces && back.kinds == contents.kinds && back.merges == Self.merges)
    #expect(back.special.bos == 266 && back.special.eos == 267 && back.addsBOS == addsBOS && !back.addsEOS)
    let name = PreTokenizerSteps.named(pre)!
    #expect(back.kind == .bytes(pre: PreTokenizerSteps.name(name.steps, ignoresMerges: name.ignoresMerges)!))
  }

  @Test("SentencePiece's byte pairs", arguments: [true, false])
  func sentencePiece(addsSpace: Bool) throws {
    var options = TokenizerOptions()
    options.addSpacePrefix = addsSpace
    let tokenizer = try Tiny.sentencePiece(userDefined: ["<tool>"], options: options)
    let contents = try TokenizerContents(tokenizer, merges: [])
    try compare(tokenizer, read(contents))
    let back = try again(contents)
    #expect(back.kind == .sentencePiece(addsSpace: addsSpace) && back.addsBOS)
    #expect(back.pieces == contents.pieces && back.kinds == contents.kinds)
    // Scores may be others, but pieces merge in the same order.
    let made = back.pieces.indices.filter { back.kinds[$0] == .normal && back.pieces[$0].count > 1 }
    #expect(
      made.sorted { back.scores[$0] > back.scores[$1] }
        == made.sorted { contents.scores[$0] > contents.scores[$1] })
    let vocabulary = try Vocabulary(
      pieces: ByteStrings(back.pieces), scores: back.scores, kinds: back.kinds, special: back.special)
    try compare(tokenizer, Tokenizers.make(model: "llama", vocabulary: vocabulary, options: options))
  }

  @Test("unused pieces at the end are rows of the embedding only")
  func padding() throws {
    let pieces = Tiny.alphabet + ["<s>", "[PAD257]", "[PAD258]"]
    let kinds = Array(repeating: TokenKind.normal, count: 256) + [.control, .unused, .unused]
    let vocabulary = try Vocabulary(
      pieces: ByteStrings(pieces), kinds: kinds, special: SpecialTokens(bos: 256, eos: 256))
    let tokenizer = try Tokenizers.make(
      model: "gpt2", pre: "gpt-2", vocabulary: vocabulary, merges: ByteStrings([String]()))
    #expect(try TokenizerContents(tokenizer, merges: []).pieces == Array(pieces.prefix(257)))
  }

  @Test("what GGUF files have and a tokenizer.json has not")
  func refusedGGUF() throws {
    let falcon = try Tiny.bytePair(pre: "falcon")
    #expect(throws: ContentsError.self) { try TokenizerContents(falcon, merges: []) }
    #expect(problem { _ = try TokenizerContents(falcon, merges: []) }.contains("\"falcon\""))
    let words = try Tokenizers.make(
      model: "bert", vocabulary: Vocabulary(pieces: ByteStrings((0..<104).map { "[\($0)]" })))
    #expect(problem { _ = try TokenizerContents(words, merges: []) }.contains("\"bert\""))
  }

  @Test(
    "what a tokenizer.json has and GGUF files have not",
    arguments: [
      (
        #"{"model":{"type":"WordPiece","vocab":{"[UNK]":0},"unk_token":"[UNK]"},"pre_tokenizer":{"type":"BertPreTokenizer"}}"#,
        "WordPiece"
      ),
      (#"{"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0]]}}"#, "Unigram"),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":true}}"#,
        "add_prefix_space"
      ),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}}"#,
        "not cut"
      ),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"ignore_merges":true},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}"#,
        "gpt-2, whole words before merges"
      ),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":{"type":"Lowercase"},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}"#,
        "normalizer"
      ),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#, "byte_fallback"),
      (Self.pieces(["a b", "a ba", "b a", "ab a"]), "do not stand together"),
      (Self.pieces(["a b", "b a", "ab a"]), "\"a ba\""),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"added_tokens":[{"id":1,"content":"b","special":true}],"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"b","type_id":0}},{"SpecialToken":{"id":"b","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"b":{"ids":[1]}}}}"#,
        "begins with other tokens"
      ),
    ])
  func refusedJSON(_ document: String, _ expected: String) {
    let message = problem {
      _ = try Array(document.utf8).withUnsafeBytes { try TokenizerContents($0, config: nil, name: "t.json") }
    }
    #expect(message.contains(expected), "\(message)")
  }

  /// Every byte, a, b, ab, ba and aba, with these merges.
  private static func pieces(_ merges: [String]) -> String {
    let digits = Array("0123456789ABCDEF")
    let bytes = (0..<256).map { "\"<0x\(digits[$0 / 16])\(digits[$0 % 16])>\":\($0)" }.joined(separator: ",")
    let list = merges.map { "\"\($0)\"" }.joined(separator: ",")
    return
      #"{"model":{"type":"BPE","byte_fallback":true,"vocab":{\#(bytes),"a":256,"b":257,"ab":258,"ba":259,"#
      + #""aba":260},"merges":[\#(list)]},"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"}}"#
  }

  private func problem(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test(
    "published vocabularies",
    .enabled(if: SharedData.has("vocab/ggml-vocab-llama-bpe.gguf"), SharedData.reason),
    arguments: ["gpt-2", "llama-bpe", "qwen2", "llama-spm"])
  func published(_ name: String) throws {
    let path = SharedData.path("vocab/ggml-vocab-\(name).gguf")
    let tokenizer = try tokenizer(fromGGUF: path)
    let merges = try GGUFFile.open(path).metadata.strings("tokenizer.ggml.merges")
    let contents = try TokenizerContents(tokenizer, merges: merges.map { Array($0) } ?? [])
    let read = try read(contents)
    let text = try #require(readFile(SharedData.path("text/tinyshakespeare.txt")))
    let inputs = try #require(readFile(SharedData.path("vocab/ggml-vocab-\(name).gguf.inp")))
    try compare(
      tokenizer, read,
      [String(decoding: text.prefix(50_000), as: UTF8.self), String(decoding: inputs, as: UTF8.self)])
    #expect(try again(contents).pieces.map { Array($0.utf8) } == contents.pieces.map { Array($0.utf8) })
  }
}
