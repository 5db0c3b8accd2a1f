// `apus rerank` and `apus similarity`: numbers against the fixtures' own, and how they are shown.

import ApusBasics
import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite struct RerankTests {
  let scratch: EmbedScratch
  let model: String
  let query: String
  let texts: [String]
  let scores: [Double]

  init() throws {
    scratch = try EmbedScratch()
    model = try scratch.model("bert-reranker")
    let fixture = try EmbeddingFixture("bert-reranker")
    query = fixture.strings[0][0]
    texts = fixture.strings.map { $0[1] }
    scores = fixture.vectors.suffix(texts.count).map { Double($0[0]) }
  }

  private func rerank(_ words: [String], input: String = "") -> Ending {
    runEmbed(["rerank", model, query] + words, input: input)
  }

  private func results(_ words: [String]) throws -> [(index: Int, score: Double)] {
    let document = try #require(try rerank(words + ["--json"]).documents().first)
    #expect(document["model"]?.string == model && document["query"]?.string == query)
    return try #require(document["results"]?.array).map { ($0["index"]!.int!, $0["score"]!.double!) }
  }

  @Test func theBestTextComesFirst() throws {
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    for texts in [texts, texts.reversed()] {
      let ending = rerank(texts)
      #expect(ending.code == 0)
      let lines = ending.output.split(separator: "\n").map(String.init)
      #expect(lines.count == 2 && lines[0].hasSuffix(self.texts[order[0]]))
      #expect(lines[1].hasSuffix(self.texts[order[1]]))
    }
    let found = try results(texts)
    #expect(found.map(\.index) == order)
    for result in found { #expect(abs(result.score - scores[result.index]) < 1e-3) }
  }

  @Test func equalScoresKeepTheirOrder() throws {
    #expect(try results(["same", "same", "same"]).map(\.index) == [0, 1, 2])
  }

  @Test func topShowsTheBestOnly() throws {
    #expect(try results(texts + ["--top", "1"]).count == 1)
    #expect(try results(texts + ["--top", "99"]).count == 2)
    #expect(try results(texts + ["--top", "1"])[0].score == results(texts)[0].score)
    rerank(texts + ["--top", "0"]).expectFailure(2, ["--top"])
  }

  @Test func sigmoidBringsScoresBetweenZeroAndOne() throws {
    for (plain, sigmoid) in zip(try results(texts), try results(texts + ["--sigmoid"])) {
      let exponential = 1 / (1 + Foundation.exp(-plain.score))
      #expect(plain.index == sigmoid.index && abs(sigmoid.score - exponential) < 1e-9)
    }
  }

  @Test func textsComeFromLinesAndFiles() throws {
    let expected = rerank(texts).output
    #expect(expected != "")
    let file = try scratch.write("lines", texts.joined(separator: "\n"))
    #expect(rerank([], input: texts.joined(separator: "\n")).output == expected)
    #expect(rerank(["--lines", "-f", file]).output == expected)
    let whole = try texts.enumerated().map { try scratch.write("text\($0.offset)", $0.element) }
    #expect(rerank(whole.flatMap { ["-f", $0] }).output == expected)
  }

  @Test func whatCannotBeOrderedIsSaid() throws {
    let long = String(repeating: "engine ", count: 300)
    rerank([]).expectFailure(1, ["no text to order"])
    runEmbed(["rerank", model, query], isTyped: true).expectFailure(2, ["no text"])
    runEmbed(["rerank", model]).expectFailure(2, ["QUERY is missing"])
    runEmbed(["rerank", model, " ", "a"]).expectFailure(1, ["the query is empty"])
    rerank(["a", ""]).expectFailure(1, ["text 2: ", "empty"])
    rerank(["--lines"], input: "one\n\ntwo\n").expectFailure(1, ["standard input:2: ", "empty"])
    rerank(["-f", "/nowhere"]).expectFailure(1, ["/nowhere"])
    let bad = try scratch.write("bad", [0x61, 0xFF])
    rerank(["-f", bad]).expectFailure(1, ["\(bad): is not UTF-8 at byte 1"])
    rerank(["a", long]).expectFailure(1, ["text 2: has ", "more than the 128"])
    #expect(rerank(["a", long, "--long-texts", "split"]).code == 0)
    runEmbed(["rerank", model, long, "a"]).expectFailure(1, ["the query has ", "no room for a text"])
  }

  // MARK: Similarity

  private func similarity(_ words: [String]) throws -> Ending {
    runEmbed(["similarity", try scratch.model()] + words)
  }

  @Test func twoTextsGiveOneNumber() throws {
    let fixture = try EmbeddingFixture("bert-mean")
    let vectors = fixture.vectors.suffix(2).map { $0 }
    let cosine = zip(vectors[0], vectors[1]).reduce(Float(0)) { $0 + $1.0 * $1.1 }
    let ending = try similarity(fixture.strings.map { $0[0] })
    let found = try #require(Double(ending.output.dropLast()))
    #expect(ending.output.count == 7 && abs(found - Double(cosine)) < 1e-3)
    #expect(try similarity(["same", "same"]).output == "1.0000\n")
  }

  @Test func moreTextsGiveATable() throws {
    let ending = try similarity(["one", "two", "three\nlines"])
    let lines = ending.output.split(separator: "\n")
    #expect(lines.count == 3 && lines[0].hasPrefix("  1.000") && lines[2].contains("three"))
    let document = try #require(try similarity(["one", "two", "one", "--json"]).documents().first)
    let cosines = try #require(document["cosines"]?.floatRows)
    #expect(document["texts"]?.array?.count == 3 && cosines.count == 3)
    for (row, values) in cosines.enumerated() {
      #expect(values.count == 3 && abs(values[row] - 1) < 1e-6)
      for column in 0..<3 { #expect(values[column] == cosines[column][row]) }
    }
    #expect(cosines[0][2] > 0.999999 && cosines[0][1] < 0.999)
  }

  @Test func lengthsDoNotMatter() throws {
    #expect(try similarity(["one", "two", "--no-normalize"]).output == similarity(["one", "two"]).output)
  }

  @Test func oneTextIsNotEnough() throws {
    try similarity(["one"]).expectFailure(2, ["two texts are needed, 1 given"])
    try similarity(["one", ""]).expectFailure(1, ["text 2 has nothing to embed"])
    try similarity(["one", "two", "--prompt-name", "x"]).expectFailure(1, ["no prompt \"x\""])
  }
}
