// Every kind of tokenizer.json against the library that made it: Tests/Fixtures/tokenizer_json.py trains a tokenizer of
// each kind and writes what the library gives, this compares every id.

import ApusBasics
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
    try bytes(name).withUnsafeBytes {
      try HuggingFaceTokenizer.make($0, config: config, name: "\(name).json")
    }
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
    let expected = try HuggingFaceFixture.expected.get()
    let texts = try #require(expected["texts"])
    let results = try #require(expected[name]?[kind])
    try compare(try HuggingFaceFixture.tokenizer(name), texts, results, kind, name)
  }

  @Test(arguments: HuggingFaceFixture.names)
  func pairsAreThoseOfTheLibrary(_ name: String) throws {
    let results = try #require(try HuggingFaceFixture.expected.get()[name]?["pairs"])
    #expect(results.array?.count ?? 0 >= 4)
    try comparePairs(try HuggingFaceFixture.tokenizer(name), results, name)
  }

  static let peer: [String] = ["APUS_TOKENIZER_JSON", "APUS_TOKENIZER_IDS"].compactMap { (name: String) in
    getenv(name).map { String(cString: $0) }
  }

  /// Any tokenizer.json there is, over any text.
  @Test(.enabled(if: peer.count == 2, "needs APUS_TOKENIZER_JSON and APUS_TOKENIZER_IDS"))
  func aRealTokenizerGivesTheIDsOfTheLibrary() throws {
    let bytes = try #require(readFile(Self.peer[0]))
    let expected = try JSONValue(parsing: try #require(readFile(Self.peer[1])))
    let tokenizer = try bytes.withUnsafeBytes {
      try HuggingFaceTokenizer.make($0, config: nil, name: Self.peer[0])
    }
    let texts = try #require(expected["texts"])
    for kind in ["special", "plain"] {
      try compare(tokenizer, texts, try #require(expected[kind]), kind, Self.peer[0])
    }
    try comparePairs(tokenizer, try #require(expected["pairs"]), Self.peer[0])
  }

  private func compare(
    _ tokenizer: any Tokenizer, _ texts: JSONValue, _ results: JSONValue, _ kind: String, _ name: String
  ) throws {
    let texts = try #require(texts.array)
    let results = try #require(results.array)
    #expect(texts.count == results.count && texts.count > 50)
    for (text, result) in zip(texts, results) {
      let text = try #require(text.string)
      let found = try tokenizer.encode(text, addSpecial: kind == "special", parseSpecial: kind == "special")
      if result.isNull {
        #expect(kind == "plain" && !found.contains { tokenizer.vocabulary.kind(of: $0) == .control })
        continue
      }
      let wanted = try HuggingFaceFixture.ids(result)
      #expect(
        found == wanted,
        "\(name) \(kind) \(text.debugDescription): \(found.map(tokenizer.vocabulary.piece)), not \(wanted.map(tokenizer.vocabulary.piece))"
      )
    }
  }

  private func comparePairs(_ tokenizer: any Tokenizer, _ results: JSONValue, _ name: String) throws {
    for result in try #require(results.array) {
      let texts = try #require(result["texts"]?.array).map { Array(try #require($0.string).utf8) }
      let found = try tokenizer.encodePair(texts[0], texts[1])
      let segments = try HuggingFaceFixture.ids(result["segments"])
      #expect(found.ids == (try HuggingFaceFixture.ids(result["ids"])), "\(name) \(result)")
      #expect(found.segments.map(Int32.init) == segments, "\(name) \(result)")
    }
  }
}
