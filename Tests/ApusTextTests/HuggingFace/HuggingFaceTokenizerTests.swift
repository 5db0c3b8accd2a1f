// Every kind of tokenizer.json against the library that made it: Tests/Fixtures/tokenizer_json.py trains a tokenizer of
// each kind and writes what the library gives, this compares every id.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusText

enum HuggingFaceFixture {
  static let names = [
    "wordpiece-uncased", "wordpiece-cased", "bytes-gpt2", "bytes-llama3", "bytes-qwen", "bytes-deepseek",
    "bytes-gpt4o", "bytes-digits", "characters-gemma", "characters-llama2", "characters-first",
    "characters-unknown", "unigram-xlmr", "unigram-words", "unigram-strip",
  ]

  static func bytes(_ name: String) throws -> [UInt8] {
    try #require(readFile(Fixtures.path("tokenizer_json/\(name).json")), "no fixture \(name)")
  }

  static func tokenizer(_ name: String, config: JSONValue? = nil) throws -> any Tokenizer {
    try bytes(name).withUnsafeBytes { try HuggingFaceTokenizer.make($0, config: config, name: "\(name).json") }
  }

  /// The tokenizer of a document.
  static func tokenizer(json: String, config: JSONValue? = nil) throws -> any Tokenizer {
    try Array(json.utf8).withUnsafeBytes {
      try HuggingFaceTokenizer.make($0, config: config, name: "tokenizer.json")
    }
  }

  static let expected: Result<JSONValue, any Error> = Result {
    let bytes = try #require(readFile(Fixtures.path("tokenizer_json/expected.json")))
    return try JSONValue(parsing: bytes)
  }

  static func ids(_ value: JSONValue?) throws -> [Int32] {
    try #require(value?.array).map { Int32(try #require($0.int)) }
  }
}

struct HuggingFaceTokenizerTests {
  @Test(arguments: HuggingFaceFixture.names, ["special", "plain"])
  func idsAreThoseOfTheLibrary(_ name: String, _ kind: String) throws {
    let tokenizer = try HuggingFaceFixture.tokenizer(name)
    let expected = try HuggingFaceFixture.expected.get()
    let texts = try #require(expected["texts"]?.array)
    let results = try #require(expected[name]?[kind]?.array)
    #expect(texts.count == results.count && texts.count > 50)
    for (text, result) in zip(texts, results) {
      let text = try #require(text.string)
      let found = try tokenizer.encode(text, addSpecial: kind == "special", parseSpecial: kind == "special")
      let wanted = try HuggingFaceFixture.ids(result)
      #expect(
        found == wanted,
        "\(name) \(kind) \(text.debugDescription): \(found.map(tokenizer.vocabulary.piece)), not \(wanted.map(tokenizer.vocabulary.piece))"
      )
    }
  }

  @Test(arguments: HuggingFaceFixture.names)
  func pairsAreThoseOfTheLibrary(_ name: String) throws {
    let tokenizer = try HuggingFaceFixture.tokenizer(name)
    let expected = try HuggingFaceFixture.expected.get()
    let pairs = try #require(expected["pairs"]?.array)
    let results = try #require(expected[name]?["pairs"]?.array)
    #expect(pairs.count == results.count && pairs.count == 5)
    for (pair, result) in zip(pairs, results) {
      let texts = try #require(pair.array).map { Array(try #require($0.string).utf8) }
      let found = try tokenizer.encodePair(texts[0], texts[1])
      #expect(found.ids == (try HuggingFaceFixture.ids(result["ids"])), "\(name) \(pair)")
      #expect(
        found.segments.map(Int32.init) == (try HuggingFaceFixture.ids(result["segments"])), "\(name) \(pair)")
    }
  }
}
