// A tokenizer.json that is wrong, or that asks for what Apus does not do: F16, F21, F27, F28 and F29 of the faults every
// part must survive. Each is one line that names the file, the entry and the problem; nothing is skipped in silence.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusText

struct HuggingFaceDataTests {
  /// A file with one part replaced, and the error it must give.
  struct Case: Sendable, CustomTestStringConvertible {
    var json: String
    var error: String
    var testDescription: String { error }
  }

  static func bytePairs(
    vocab: String = #"{"a":0,"b":1,"ab":2}"#, merges: String = #"["a b"]"#, model: String = "",
    rest: String = ""
  ) -> String {
    #"{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"#
      + #""model":{"type":"BPE","vocab":\#(vocab),"merges":\#(merges)\#(model)}\#(rest)}"#
  }

  static func wordPiece(_ rest: String = "", model: String = "") -> String {
    #"{"model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,"a":1}\#(model)},"#
      + #""normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"}\#(rest)}"#
  }

  static func unigram(_ model: String, rest: String = "") -> String {
    #"{"model":{"type":"Unigram",\#(model)}\#(rest)}"#
  }

  static func added(_ token: String) -> String { #","added_tokens":[\#(token)]"# }

  static func split(_ pattern: String, _ behavior: String = "Isolated") -> String {
    #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Sequence","pretokenizers":["#
      + #"{"type":"Split","pattern":\#(pattern),"behavior":"\#(behavior)","invert":false},"#
      + #"{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}}"#
  }

  static let cases = [
    // The text itself.
    Case(json: "", error: "line 1, column 1: the text ends where a value should be"),
    Case(json: "[]", error: "the file: is not a JSON object"),
    Case(json: "{}", error: "model: is missing"),
    Case(json: #"{"model":3}"#, error: "model: is not an object"),
    Case(json: #"{"model":{},"model":{}}"#, error: "model.vocab: is missing"),
    Case(json: #"{"version":"1.0","version":"1.0"}"#, error: "version: occurs twice"),
    Case(
      json: bytePairs() + "x",
      error: "column \(bytePairs().utf8.count + 1): something follows the end of the document"),
    Case(json: #"{"model":{"vocab":{"a":0,}}}"#, error: "line 1, column 26: a comma with nothing behind it"),
    Case(json: "{\"model\":{\"vocab\":{\"\\ud800\":0}}}", error: "a surrogate without its pair"),
    Case(json: "\u{FEFF}{}", error: "the text begins with a byte-order mark"),
    // F27: ids.
    Case(json: bytePairs(vocab: "{}"), error: "model.vocab: has no entries"),
    Case(json: bytePairs(vocab: "3"), error: "model.vocab: is neither an object nor an array"),
    Case(
      json: bytePairs(vocab: #"{"a":0,"b":1,"ab":4}"#),
      error: #"model.vocab entry 2 "ab": its id is 4, but no entry has id 2"#),
    Case(
      json: bytePairs(vocab: #"{"a":0,"b":1,"ab":1}"#),
      error: #"model.vocab entry 2 "ab": its id 1 is also that of "b""#),
    Case(
      json: bytePairs(vocab: #"{"a":0,"b":2147483648}"#),
      error: #"model.vocab entry 1 "b": its id 2147483648 is not between 0 and 4194303"#),
    Case(
      json: bytePairs(vocab: #"{"a":-1}"#), error: #"model.vocab entry 0 "a": its id -1 is not between 0 and"#
    ),
    Case(json: bytePairs(vocab: #"{"a":0.5}"#), error: #"model.vocab entry 0 "a": its id is not an integer"#),
    Case(json: bytePairs(vocab: #"{"a":"0"}"#), error: #"model.vocab entry 0 "a": its id is not an integer"#),
    Case(
      json: bytePairs(vocab: #"{"a":99999999999999999999}"#),
      error: #"model.vocab entry 0 "a": its id is not an integer"#),
    Case(
      json: bytePairs(vocab: #"{"a":0,"b":1,"a":2}"#),
      error: #"token 2 "a": the vocabulary has this piece twice"#),
    // F27: merges.
    Case(
      json: bytePairs(merges: #"["a b","a c"]"#), error: #"merge 1 "a c": its second part is not a token"#),
    Case(json: bytePairs(merges: #"["c b"]"#), error: #"merge 0 "c b": its first part is not a token"#),
    Case(json: bytePairs(merges: #"["b a"]"#), error: #"merge 0 "b a": what it makes is not a token"#),
    Case(json: bytePairs(merges: #"["ab"]"#), error: #"merge 0 "ab": is not two tokens"#),
    Case(json: bytePairs(merges: #"[""]"#), error: #"merge 0 "": is not two tokens"#),
    Case(
      json: bytePairs(merges: #"[["a","b"],["a"]]"#), error: "model.merges entry 1: is not two texts"),
    Case(json: bytePairs(merges: #"[["a","b","c"]]"#), error: "model.merges entry 0: is not two texts"),
    Case(json: bytePairs(merges: #"[["",""]]"#), error: "model.merges entry 0: its first part is empty"),
    Case(
      json: bytePairs(merges: #"[["a b","c"]]"#),
      error: #"model.merges entry 0: a space in "a b" is not supported"#),
    Case(json: bytePairs(merges: "[3]"), error: "model.merges entry 0: is not two texts"),
    Case(json: bytePairs(merges: "{}"), error: "model.merges: is not an array"),
    // Models.
    Case(
      json: #"{"model":{"type":"WordLevel","unk_token":"a","vocab":{"a":0}}}"#,
      error: "model: the type WordLevel is not supported"),
    Case(json: #"{"model":{"vocab":{"a":0}}}"#, error: "model: has no type"),
    Case(json: #"{"model":{"type":"BPE","vocab":{"a":0}}}"#, error: "model.merges: is missing"),
    Case(
      json: bytePairs(model: #","dropout":0.1"#), error: "model.dropout: anything but null is not supported"),
    Case(
      json: bytePairs(model: #","end_of_word_suffix":"</w>""#),
      error: #"model.end_of_word_suffix: "</w>" is not supported"#),
    Case(
      json: bytePairs(model: #","unk_token":"<unk>""#),
      error: #"model.unk_token: "<unk>" is not in the vocabulary"#),
    Case(
      json: bytePairs(model: #","ignore_merges":1"#), error: "model.ignore_merges: is not true or false"),
    Case(
      json: wordPiece(model: #","max_input_chars_per_word":-1"#),
      error: "model.max_input_chars_per_word: -1 is less than 0"),
    Case(
      json: unigram(#""vocab":[["a",0]]"#), error: "model.unk_id: its absence is not supported"),
    Case(
      json: unigram(#""vocab":[["a",0]],"unk_id":1"#), error: "model.unk_id: 1 names none of the 1 entries"),
    Case(
      json: unigram(#""vocab":[["a",0],["b"]],"unk_id":0"#),
      error: "model.vocab entry 1: is not a piece and its score"),
    Case(
      json: unigram(#""vocab":[["a",1e39]],"unk_id":0"#),
      error: "the score of token 0 is not a finite number"),
    Case(
      json: unigram(#""vocab":[["a",0]],"unk_id":0,"byte_fallback":true"#),
      error: "model.byte_fallback: true in Unigram is not supported"),
    Case(
      json: #"{"model":{"type":"BPE","vocab":{"<0x00>":0},"merges":[],"byte_fallback":true}}"#,
      error: "model.byte_fallback: with 1 of 256 bytes in the vocabulary it is not supported"),
    // F29
    Case(
      json: wordPiece(#","normalizer":3"#), error: "normalizer: occurs twice"),
    Case(
      json: bytePairs(rest: #","normalizer":{"type":"NFKC"}"#),
      error: "normalizer: the type NFKC is not supported"),
    Case(
      json: bytePairs(
        rest: #","normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Nmt"}]}"#),
      error: "normalizer.normalizers[1]: the type Nmt is not supported"),
    Case(
      json: bytePairs(rest: #","normalizer":{"type":"BertNormalizer"}"#),
      error: "normalizer: BertNormalizer before BPE is not supported"),
    Case(
      json: bytePairs(rest: #","normalizer":{"type":"Replace","pattern":{"Regex":"(a+)+$"},"content":""}"#),
      error: #"normalizer.pattern: the pattern "(a+)+$" is not one Apus knows"#),
    Case(
      json: unigram(
        #""vocab":[["a",0]],"unk_id":0"#,
        rest: #","normalizer":{"type":"Precompiled","precompiled_charsmap":"A"}"#),
      error: "normalizer.precompiled_charsmap: is not base64"),
    Case(
      json: unigram(
        #""vocab":[["a",0]],"unk_id":0"#,
        rest: #","normalizer":{"type":"Precompiled","precompiled_charsmap":"/wAAAA=="}"#),
      error: "normalizer.precompiled_charsmap: the normalisation table of the tokenizer is damaged"),
    Case(
      json:
        #"{"model":{"type":"WordPiece","unk_token":"a","vocab":{"a":0}},"pre_tokenizer":{"type":"Whitespace"}}"#,
      error: "pre_tokenizer: the type Whitespace is not supported"),
    Case(
      json: #"{"model":{"type":"WordPiece","unk_token":"a","vocab":{"a":0}}}"#,
      error: "pre_tokenizer: WordPiece without BertPreTokenizer is not supported"),
    Case(
      json: split(#"{"Regex":"(a+)+$"}"#),
      error:
        #"pre_tokenizer.pretokenizers[0].pattern: the pattern "(a+)+$" is not one Apus knows, so text cannot be split correctly"#
    ),
    Case(json: split(#"{"Regex":"\\p{N}"}"#, "Removed"), error: "the behavior Removed, is not supported"),
    Case(json: split(#"{"String":"x"}"#), error: #"splitting at "x", Isolated, is not supported"#),
    Case(
      json: bytePairs(rest: #","decoder":{"type":"CTC"}"#), error: "decoder: the type CTC is not supported"),
    Case(
      json: bytePairs(rest: #","post_processor":{"type":"Other"}"#),
      error: "post_processor: the type Other is not supported"),
    Case(
      json: bytePairs(
        rest: #","post_processor":{"type":"TemplateProcessing","single":[],"pair":[],"special_tokens":{}}"#),
      error: "post_processor: its templates do not have each text exactly once"),
    Case(
      json: bytePairs(
        rest:
          #","post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}],"pair":[],"special_tokens":{}}"#
      ),
      error: #"post_processor.single[0]: the token "x" is not among the special_tokens"#),
    // F16
    Case(
      json: wordPiece(#","post_processor":{"type":"BertProcessing","cls":["a",1],"sep":["b",2]}"#),
      error: "post_processor.sep: its id 2 names none of the 2 tokens"),
    Case(
      json: bytePairs(rest: added(#"{"id":3,"content":""}"#)), error: "added_tokens entry 0: has no content"),
    Case(
      json: bytePairs(rest: added(#"{"content":"x"}"#)), error: "added_tokens entry 0: has no id"),
    Case(
      json: bytePairs(rest: added(#"{"id":5,"content":"x"}"#)),
      error: #"added_tokens entry 0 "x": no token has the ids from 3 up to its id 5 without a gap"#),
    Case(
      json: bytePairs(rest: added(#"{"id":1,"content":"x"}"#)),
      error: #"added_tokens entry 0 "x": its id 1 is that of another piece"#),
    Case(
      json: bytePairs(rest: added(#"{"id":1,"content":"a"}"#)),
      error: #"added_tokens entry 0 "a": its id 1 is that of another piece; its piece has id 0"#),
    Case(
      json: bytePairs(rest: added(#"{"id":3,"content":"x"},{"id":3,"content":"y"}"#)),
      error: #"added_tokens entry 1 "y": its id 3 is that of another added token"#),
    Case(
      json: bytePairs(rest: added(#"{"id":2147483648,"content":"x"}"#)),
      error: #"added_tokens entry 0 "x": its id 2147483648 is not between 0 and"#),
  ]

  @Test(arguments: cases)
  func isRefused(_ hostile: Case) throws {
    let error = #expect(throws: HuggingFaceTokenizerError.self) {
      _ = try HuggingFaceFixture.tokenizer(json: hostile.json)
    }
    let text = error?.description ?? ""
    #expect(text.hasPrefix("tokenizer.json: ") && text.contains(hostile.error), "\(text)")
    #expect(!text.contains("\n"))
  }

  /// Every fixture cut off anywhere, or with a byte changed, is an error or a tokenizer, never a trap.
  @Test(arguments: HuggingFaceFixture.names)
  func damagedFilesAreSurvived(_ name: String) throws {
    let bytes = try HuggingFaceFixture.bytes(name)
    var random = SplitMix(state: 27)
    for round in 0..<60 {
      var damaged = bytes
      if round % 3 == 0 {
        damaged.removeSubrange(Int(random.next() % UInt64(bytes.count))...)
      } else {
        for _ in 0..<3 {
          damaged[Int(random.next() % UInt64(bytes.count))] = UInt8(
            truncatingIfNeeded: random.next() % 95 + 32)
        }
      }
      let tokenizer = try? damaged.withUnsafeBytes {
        try HuggingFaceTokenizer.make($0, config: nil, name: "damaged.json")
      }
      _ = try? tokenizer?.encode("The <s>swift</s> é 漢字 <mask>", addSpecial: true, parseSpecial: true)
    }
  }

  @Test func lengthsOfWordsAreLimitedAsTheFileSays() throws {
    let tokenizer = try HuggingFaceFixture.tokenizer(
      json: Self.wordPiece(model: #","max_input_chars_per_word":2"#))
    #expect(try tokenizer.encode("a éa") == [1, 0])
  }

  /// A file cannot make a text grow without end, nor the stack.
  @Test func growthIsLimited() throws {
    func json(_ key: String, _ list: String, _ step: String, _ count: Int) -> String {
      let steps = [String](repeating: step, count: count).joined(separator: ",")
      return #"{"model":{"type":"Unigram","vocab":[["a",0]],"unk_id":0},"#
        + #""\#(key)":{"type":"Sequence","\#(list)":[\#(steps)]}}"#
    }
    let double = #"{"type":"Replace","pattern":{"String":"a"},"content":"aa"}"#
    let tokenizer = try HuggingFaceFixture.tokenizer(json: json("normalizer", "normalizers", double, 60))
    let text = [UInt8](repeating: 0x61, count: 1000)
    #expect(throws: TokenizerError.normalizationTooLong(limit: 36_096)) { try tokenizer.encode(text) }
    let digits = #"{"type":"Digits","individual_digits":true}"#
    let error = #expect(throws: HuggingFaceTokenizerError.self) {
      _ = try HuggingFaceFixture.tokenizer(json: json("pre_tokenizer", "pretokenizers", digits, 100_000))
    }
    #expect(
      error?.description == "tokenizer.json: pre_tokenizer: has 100000 steps, more than the limit of 64")
  }

  /// What is not followed to the letter is said.
  @Test func whatIsNotFollowedIsNoted() throws {
    let token = #"{"id":2,"content":"Big","special":false,"normalized":true}"#
    let late = try HuggingFaceFixture.tokenizer(json: Self.wordPiece(Self.added(token)))
    #expect(late.notes.count == 1 && late.notes[0].contains("\"Big\""))
    // How long a text may be is the model's matter, not the tokenizer's.
    let cut = try HuggingFaceFixture.tokenizer(json: Self.wordPiece(#","truncation":{"max_length":128}"#))
    #expect(cut.notes == [])
    let config = try JSONValue(parsing: #"{"add_bos_token":true,"eos_token":"nowhere"}"#)
    let other = try HuggingFaceFixture.tokenizer(json: Self.bytePairs(), config: config)
    #expect(other.notes.count == 2, "\(other.notes)")
  }

  /// Merges that make control tokens are left out: no text becomes one.
  @Test func mergesNeverMakeControlTokens() throws {
    let json = Self.bytePairs(rest: Self.added(#"{"id":2,"content":"ab","special":true}"#))
    let tokenizer = try HuggingFaceFixture.tokenizer(json: json)
    #expect(try tokenizer.encode("ab") == [0, 1])
    #expect(try tokenizer.encode("ab", parseSpecial: true) == [2])
    #expect(tokenizer.notes == ["1 merges would make control tokens from plain text and are not used"])
  }

  @Test func specialTokensAreThoseOfTheConfiguration() throws {
    let config = try JSONValue(parsing: #"{"bos_token":{"content":"a"},"eos_token":"b","pad_token":null}"#)
    let tokenizer = try HuggingFaceFixture.tokenizer(json: Self.bytePairs(), config: config)
    #expect(tokenizer.vocabulary.special.bos == 0 && tokenizer.vocabulary.special.eos == 1)
    #expect(tokenizer.vocabulary.endOfGeneration == [1])
    #expect(!tokenizer.addsBOS && !tokenizer.addsEOS)
    let bert = try HuggingFaceFixture.tokenizer("wordpiece-uncased")
    let special = bert.vocabulary.special
    #expect([special.unk, special.sep, special.pad, special.mask, special.cls] == [1, 3, 0, 4, 2])
    #expect(special.bos == nil && special.eos == nil)
    #expect(bert.addsBOS && bert.addsEOS && bert.notes.isEmpty)
    #expect(throws: HuggingFaceTokenizerError.self) {
      _ = try HuggingFaceFixture.tokenizer(json: Self.bytePairs(), config: .array([]))
    }
  }

  /// What is encoded comes back.
  @Test(arguments: ["bytes-llama3", "characters-gemma", "characters-llama2", "characters-first"])
  func textsComeBack(_ name: String) throws {
    let tokenizer = try HuggingFaceFixture.tokenizer(name)
    for text in ["Swifts sleep", "a  b\n 漢字 🚀", ""] {
      #expect(try tokenizer.text(tokenizer.encode(text)) == text)
    }
  }
}
