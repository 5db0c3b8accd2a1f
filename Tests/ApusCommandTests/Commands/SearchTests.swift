// `apus search`: building, updating and refusing an index, and answers to queries.

import ApusBasics
import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite struct SearchTests {
  let scratch: EmbedScratch
  let model: String
  let folder: String

  init() throws {
    scratch = try EmbedScratch()
    model = try scratch.model()
    folder = scratch.file("notes")
    try scratch.write("notes/bird.md", "Swift is a bird.\n")
    try scratch.write("notes/deep/rain.txt", "It rained all day in Zürich.\n\n")
    try scratch.write("notes/engine.txt", "A small engine.")
  }

  private func search(_ words: [String], input: String = "") -> Ending {
    runEmbed(["search", model, folder] + words, input: input)
  }

  /// What a query finds, as JSON says it.
  private func results(_ query: String, _ words: [String] = []) throws -> [JSONValue] {
    let documents = try search([query, "--json"] + words).documents()
    #expect(documents.count == 1 && documents.first?["query"]?.string == query)
    return try #require(documents.first?["results"]?.array)
  }

  private func index() throws -> [UInt8] { try scratch.bytes("notes/.apus-index") }

  @Test func aFolderIsIndexedAndSearched() throws {
    let ending = search(["anything"])
    #expect(ending.code == 0)
    #expect(ending.errors.contains("\(folder)/.apus-index: 3 passages of 3 files, 3 embedded now\n"))
    #expect(ending.output.split(separator: "\n").count == 6)
    #expect(ending.output.contains("  deep/rain.txt:0\n       It rained all day in Zürich.\n"))
  }

  @Test(arguments: [[], ["--precision", "int8"], ["--similarity", "dot"]])
  func aPassageFindsItself(_ words: [String]) throws {
    // Without prompts a passage as a query has the passage's own vector.
    let file = try scratch.model(EmbeddingFixture("bert-mean").file())
    for (query, source) in [("A small engine.", "engine.txt"), ("Swift is a bird.", "bird.md")] {
      let ending = runEmbed(["search", file, folder, query, "--json", "--rebuild"] + words)
      let results = try #require(try ending.documents().first?["results"]?.array)
      #expect(results.map { $0["source"]?.string }.first == source && results.count == 3)
      let best = try #require(results.first)
      #expect(abs(best["score"]!.double! - 1) < 1e-4 && best["text"]?.string == query)
      #expect(best["start"]?.int == 0 && best["end"]?.int == query.utf8.count)
      let scores = results.map { $0["score"]!.double! }
      #expect(scores == scores.sorted(by: >))
    }
  }

  @Test func scoresAreThoseOfTheModel() throws {
    let query = try runEmbed(["embed", model, "swift", "--prompt-name", "query"]).embeddings()[0]
    let passage = try runEmbed(["embed", model, "A small engine.", "--prompt-name", "document"]).embeddings()[
      0]
    let cosine = zip(query, passage).reduce(Float(0)) { $0 + $1.0 * $1.1 }
    let found = try results("swift").first { $0["source"]?.string == "engine.txt" }
    #expect(abs(try #require(found?["score"]?.double) - Double(cosine)) < 1e-5)
  }

  @Test func topLimitsTheAnswers() throws {
    #expect(try results("a", ["--top", "1"]).count == 1)
    #expect(try results("a", ["-k", "2"]).count == 2)
    #expect(try results("a", ["-k", "100"]).count == 3)
    search(["a", "-k", "0"]).expectFailure(2, ["'-k': '0' is not between"])
  }

  @Test func onlyWhatHasChangedIsEmbedded() throws {
    #expect(search(["a"]).errors.contains("3 embedded now"))
    let before = try index()
    let again = search(["a"])
    #expect(again.code == 0 && !again.errors.contains("embedded"))
    #expect(try index() == before)

    try scratch.write("notes/engine.txt", "Another engine, larger than the first.")
    #expect(search(["a"]).errors.contains("3 passages of 3 files, 1 embedded now"))
    #expect(try results("a").contains { $0["text"]?.string?.hasPrefix("Another engine") == true })

    try scratch.write("notes/new.txt", "Something new.")
    #expect(search(["a"]).errors.contains("4 passages of 4 files, 1 embedded now"))
    try scratch.remove("notes/new.txt")
    #expect(search(["a"]).errors.contains("3 passages of 3 files, 0 embedded now"))
    #expect(try results("a").count == 3)
    #expect(search(["a", "--rebuild"]).errors.contains("3 embedded now"))
  }

  @Test func withoutUpdateTheIndexStaysAsItIs() throws {
    search(["a", "--no-update"]).expectFailure(
      1, ["\(folder)/.apus-index: there is no index", "--no-update"])
    #expect(search(["a"]).code == 0)
    try scratch.write("notes/new.txt", "Something new.")
    let before = try index()
    #expect(try results("a", ["--no-update"]).count == 3)
    #expect(try index() == before)
    // An index file alone is searched as it is.
    let ending = runEmbed(["search", model, "\(folder)/.apus-index", "a", "--json"])
    #expect(try ending.documents().first?["results"]?.array == results("a", ["--no-update"]))
  }

  @Test func anotherModelsIndexIsRefused() throws {
    #expect(search(["a"]).code == 0)
    let before = try index()
    let other = try scratch.model("bert-cls")
    for words in [[], ["--no-update"]] {
      runEmbed(["search", other, folder, "a"] + words)
        .expectFailure(
          1, ["\(folder)/.apus-index: the index was built with bert-64-mean", "not with bert-64-cls"])
    }
    search(["a", "--dim", "32"]).expectFailure(1, ["built with", "--rebuild"])
    #expect(try index() == before)
    let rebuilt = runEmbed(["search", other, folder, "a", "--rebuild"])
    #expect(rebuilt.code == 0 && rebuilt.errors.contains("3 embedded now"))
  }

  @Test(arguments: [0, 7, 200, 4095, 4097])
  func aHalfWrittenIndexIsRefused(_ count: Int) throws {
    #expect(search(["a"]).code == 0)
    let whole = try index()
    try scratch.write("notes/.apus-index", Array(whole.prefix(count)))
    search(["a"]).expectFailure(1, ["\(folder)/.apus-index: ", "--rebuild"])
    #expect(try index().count == count)
    #expect(search(["a", "--rebuild"]).code == 0)
    #expect(try results("a").count == 3)
  }

  @Test func aFileThatIsNoIndexIsNeverReplaced() throws {
    let diary = try scratch.write("diary.txt", "Dear diary")
    for words in [[], ["--rebuild"], ["--no-update"]] {
      search(["a", "--index", diary] + words).expectFailure(1, ["\(diary): is no index of vectors"])
      #expect(try scratch.text("diary.txt") == "Dear diary")
    }
    runEmbed(["search", model, diary, "a"]).expectFailure(1, ["\(diary): is no index"])
  }

  @Test func theIndexMayBeElsewhere() throws {
    let place = scratch.file("index")
    #expect(search(["a", "--index", place]).code == 0)
    #expect(try scratch.names(in: "notes") == ["bird.md", "deep", "engine.txt"])
    #expect(try results("a", ["--index", place, "--no-update"]).count == 3)
    #expect(search(["a", "--index", place, "--rebuild"]).code == 0)
    search(["a", "--index", scratch.file("none/index")]).expectFailure(1, [scratch.file("none/index")])
  }

  @Test func whatIsNoTextIsLeftOutWithANote() throws {
    try scratch.write("notes/picture.png", [0x89, 0x50, 0, 1, 2])
    try scratch.write("notes/latin.txt", Array("caf".utf8) + [0xE9])
    try scratch.write("notes/blank.txt", " \n\n\t")
    try scratch.write("notes/.hidden", "hidden")
    let ending = search(["a"])
    #expect(ending.code == 0)
    #expect(ending.errors.contains("note: left out: latin.txt is not UTF-8\n"))
    #expect(ending.errors.contains("note: left out: picture.png is not text\n"))
    #expect(try results("a").count == 3)
    for number in 0..<9 { try scratch.write("notes/\(number).bin", [0]) }
    #expect(search(["a", "--rebuild"]).errors.contains("note: 8 more files were left out; -v lists them"))
    #expect(search(["a", "-v"]).errors.contains("note: left out: 8.bin is not text\n"))
  }

  @Test func longFilesAreCutIntoPassages() throws {
    let sentence = "The engine is small and runs all day. "
    try scratch.write("notes/long.txt", String(repeating: sentence, count: 60))
    let long = try results("engine", ["-k", "50", "--passage", "200"]).filter {
      $0["source"]?.string == "long.txt"
    }
    #expect(long.count > 3)
    for result in long { #expect(result["end"]!.int! - result["start"]!.int! <= 400) }
  }

  @Test func eightBitsNeedTheirVectors() throws {
    #expect(search(["a"]).code == 0)
    search(["a", "--no-update", "--precision", "int8"])
      .expectFailure(1, ["the index has no 8-bit vectors", "--precision int8"])
    #expect(try results("a", ["--precision", "int8"]).count == 3)
    search(["a", "--dim", "48", "--precision", "int8", "--rebuild"])
      .expectFailure(1, ["multiple of 32 values, and these have 48"])
  }

  @Test func anotherSimilarityIsNotPassedOver() throws {
    #expect(search(["a"]).code == 0)
    search(["a", "--no-update", "--similarity", "dot"])
      .expectFailure(1, ["the index compares vectors by cosine"])
    #expect(search(["a", "--similarity", "dot"]).code == 0)
    #expect(search(["a", "--similarity", "dot", "--no-update"]).code == 0)
  }

  @Test func queriesComeFromStandardInput() throws {
    let ending = search(["--json"], input: "one\n\n \ntwo\n")
    #expect(try ending.documents().map { $0["query"]?.string } == ["one", "two"])
    #expect(try ending.documents()[1]["results"]?.array == results("two"))
    let arguments = search(["one", "two", "--json"], input: "three\n")
    #expect(try arguments.documents().map { $0["query"]?.string } == ["one", "two"])
    #expect(search([]).code == 0)
    let typed = runEmbed(["search", model, folder], input: Array("one\n".utf8), isTyped: true)
    #expect(typed.code == 0 && typed.output.hasPrefix("> 0."))
  }

  @Test func badQueriesAndFoldersAreSaid() throws {
    search([""]).expectFailure(1, ["a query is empty"])
    runEmbed(["search", model]).expectFailure(2, ["FOLDER is missing"])
    runEmbed(["search", "nowhere.gguf", folder, "a"]).expectFailure(1, ["nowhere.gguf"])
    // Known before a model is loaded.
    runEmbed(["search", "nowhere.gguf", scratch.file("none"), "a"])
      .expectFailure(1, ["\(scratch.file("none")): there is no such folder"])
    runEmbed(["search", model, "/dev/null", "a"]).expectFailure(1, ["/dev/null: is neither"])
    let reranker = try scratch.model("bert-reranker")
    runEmbed(["search", reranker, folder, "a"]).expectFailure(1, ["is a reranker"])
    // A long query is split like a long passage, unless it should be refused.
    let long = String(repeating: "engine ", count: 300)
    #expect(try results(long).count == 3)
    search([long, "--long-texts", "refuse"]).expectFailure(1, ["tokens, more than the 128"])
  }

  @Test func anEmptyFolderHoldsNothing() throws {
    try FileManager.default.createDirectory(atPath: scratch.file("empty"), withIntermediateDirectories: true)
    for _ in 0..<2 {
      let ending = runEmbed(["search", model, scratch.file("empty"), "a"])
      #expect(ending.code == 0 && ending.output == "")
      #expect(ending.errors.contains("note: \(scratch.file("empty")) holds no text to search"))
    }
  }
}
