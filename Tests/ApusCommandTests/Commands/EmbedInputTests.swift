// Where `apus embed` takes texts from, and what it says about texts that are none. Bad input ends with one line that
// names the place, and leaves no file.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct EmbedInputTests {
  let scratch: EmbedScratch
  let model: String

  init() throws {
    scratch = try EmbedScratch()
    model = try scratch.model()
  }

  private func embed(_ words: [String], input: String = "") -> Ending {
    runEmbed(["embed", model] + words, input: input)
  }

  private func vectors(_ texts: [String]) throws -> [[Float]] { try embed(texts).embeddings() }

  // MARK: Sources

  @Test func linesOfStandardInputAreTexts() throws {
    let expected = try vectors(["one", "two", "three"])
    #expect(try embed([], input: "one\ntwo\r\nthree").embeddings() == expected)
    #expect(try embed(["--lines"], input: "one\ntwo\nthree\n").embeddings() == expected)
    #expect(try embed(["--lines", "-f", "-"], input: "one\ntwo\nthree\n").embeddings() == expected)
  }

  @Test func filesAreTextsOrLines() throws {
    let first = try scratch.write("first.txt", "one\ntwo")
    let second = try scratch.write("second.txt", "three")
    #expect(try embed(["-f", first, "-f", second]).embeddings() == vectors(["one\ntwo", "three"]))
    #expect(
      try embed(["--lines", "-f", first, "-f", second]).embeddings() == vectors(["one", "two", "three"]))
    #expect(try embed(["-f", "-"], input: "one\ntwo").embeddings() == vectors(["one\ntwo"]))
    #expect(try embed(["zero", "-f", second]).embeddings() == vectors(["zero", "three"]))
  }

  @Test func membersOfJSONLinesAreTexts() throws {
    let lines = "{\"title\":\"one\",\"text\":\"two\"}\n{\"text\":\"three\",\"title\":\"four\"}\n"
    #expect(try embed(["--jsonl"], input: lines).embeddings() == vectors(["two", "three"]))
    let file = try scratch.write("l.jsonl", lines)
    #expect(
      try embed(["--jsonl", "-f", file, "--field", "title"]).embeddings() == vectors(["one", "four"]))
    #expect(try embed(["--jsonl"], input: "\"one \\u2603\"\n").embeddings() == vectors(["one \u{2603}"]))
    embed(["--field", "x", "a"]).expectFailure(2, ["--field"])
  }

  @Test func aWordThatLooksLikeAnOptionIsATextBehindTwoHyphens() throws {
    #expect(try runEmbed(["embed", model, "--", "--lines"]).embeddings().count == 1)
  }

  @Test func thousandsOfLinesComeInBatches() throws {
    // More than two batches of either limit; each line's vector is that of the line alone.
    let count = 20_000
    let lines = (0..<count).map { "\($0 % 7)" }
    let ending = embed(["--format", "jsonl", "--dim", "2"], input: lines.joined(separator: "\n"))
    let documents = try ending.documents()
    #expect(documents.count == count)
    let expected = try embed(Array(lines[..<7]) + ["--dim", "2"]).embeddings()
    var wrong = 0
    for (index, document) in documents.enumerated()
    where document["index"]?.int != index || document["embedding"]?.floats != expected[index % 7] {
      wrong += 1
    }
    #expect(wrong == 0)
  }

  // MARK: Bad texts

  /// Bad input, and what the message names.
  static let bad: [(words: [String], input: [UInt8], parts: [String])] = [
    (["good", ""], [], ["text 2: ", "it is empty or only white space"]),
    (["good", " \t\n"], [], ["text 2: ", "only white space"]),
    (["--lines"], Array("one\n\nthree\n".utf8), ["standard input:2: ", "empty"]),
    (["--lines"], Array("one\n \t\n".utf8), ["standard input:2: ", "white space"]),
    (["--lines"], Array("one\nab".utf8) + [0xC3, 0x28], ["standard input:2: is not UTF-8 at byte 2"]),
    (["--lines"], Array("é".utf8) + [0xFF], ["standard input:1: is not UTF-8 at byte 2"]),
    (["-f", "-"], Array("é\n".utf8) + [0xE2, 0x82], ["standard input: is not UTF-8 at byte 3"]),
    (["--jsonl"], Array("\"one\"\n{\"text\":\n".utf8), ["standard input:2: column 9: "]),
    (["--jsonl"], Array("\"one\"\n\n".utf8), ["standard input:2: column 1: "]),
    (
      ["--jsonl"], Array("{\"text\":7}".utf8), ["standard input:1: neither a text nor an object", "\"text\""]
    ),
    (
      ["--jsonl", "--field", "title"], Array("{\"text\":\"a\"}".utf8),
      ["standard input:1: neither", "\"title\""]
    ),
    (["--jsonl"], Array("{\"text\":\"\"}".utf8), ["standard input:1: ", "empty"]),
    (["--jsonl"], [0x22, 0xFF, 0x22], ["standard input:1: column 2: "]),
    (["-f", "/nowhere/file"], [], ["/nowhere/file: No such file"]),
    (["-f", "/"], [], ["/: is a directory"]),
    (["-f", "/dev/zero"], [], ["/dev/zero: is a device"]),
    ([], [], ["no text"]),
  ]

  @Test(arguments: bad.indices)
  func badInputIsNamedAndNothingIsWritten(_ index: Int) throws {
    let (words, input, parts) = Self.bad[index]
    runEmbed(["embed", model] + words, input: input).expectFailure(1, parts)
    // With a file: none appears, and one that is there stays as it was.
    let folder = try EmbedScratch()
    let ending = runEmbed(["embed", model, "--out", folder.file("v.npy")] + words, input: input)
    ending.expectFailure(1, parts)
    #expect(try folder.names() == [])
    try folder.write("v.npy", "old")
    #expect(runEmbed(["embed", model, "--out", folder.file("v.npy")] + words, input: input) == ending)
    #expect(try folder.names() == ["v.npy"])
    #expect(try folder.text("v.npy") == "old")
  }

  @Test func aBadTextFarBehindLeavesNoFile() throws {
    let folder = try EmbedScratch()
    let lines = Array(repeating: "word", count: 5000).joined(separator: "\n") + "\n\nword"
    embed(["--out", folder.file("v.jsonl")], input: lines).expectFailure(1, ["standard input:5001: "])
    #expect(try folder.names() == [])
  }

  @Test func aVeryLongLineIsRefusedForItsTokensAndCanBeCut() throws {
    let line = String(repeating: "engine ", count: 150_000)
    let ending = embed([], input: "one\n\(line)\n")
    ending.expectFailure(1, ["standard input:2: has ", "tokens, more than the 128"])
    let tokens = ending.errors.split(separator: " ").compactMap { Int($0) }.first { $0 > 128 }
    #expect(try #require(tokens) >= 150_000)
    let cut = try embed(["--long-texts", "truncate"], input: "one\n\(line)\n").embeddings()
    #expect(cut.count == 2)
    #expect(try embed(["--long-texts", "truncate", String(line.prefix(7000))]).embeddings()[0] == cut[1])
  }

  @Test func asMuchAsIsAllowedIsLeftOutAndCounted() throws {
    let input = "one\n\ntwo\n \nthree\n"
    let ending = embed(["--skip-bad", "2"], input: input)
    #expect(try ending.embeddings() == vectors(["one", "two", "three"]))
    #expect(
      ending.errors.hasSuffix("note: 2 bad texts were left out: standard input:2, standard input:4\n"))
    embed(["--skip-bad", "1"], input: input)
      .expectFailure(1, ["standard input:4: ", "; 1 bad text was left out before"])
    embed(["--skip-bad", "2"], input: input + "\n")
      .expectFailure(1, ["standard input:6: ", "; 2 bad texts were left out before"])
    #expect(!embed(["--skip-bad", "2"], input: "one\n").errors.contains("left out"))
  }

  @Test func everyKindOfBadTextCanBeLeftOut() throws {
    let long = String(repeating: "engine ", count: 500)
    var input = Array("\"one\"\n{\n{\"text\":1}\n\"\"\n\"".utf8)
    input += [0xFF] + Array("\"\n\"\(long)\"\n{\"text\":\"two\",\"id\":5}\n".utf8)
    let ending = runEmbed(
      ["embed", model, "--jsonl", "--format", "jsonl", "--skip-bad", "9"], input: input)
    let documents = try ending.documents()
    // Numbers are those of the input, so that each vector finds its text.
    #expect(documents.map { $0["index"]?.int } == [0, 6])
    #expect(documents.map { $0["id"]?.int } == [nil, 5])
    #expect(try documents.map { $0["embedding"]?.floats } == vectors(["one", "two"]))
    #expect(ending.errors.contains("note: 5 bad texts were left out: standard input:2, standard input:3"))
    let many = embed(["--skip-bad", "99"], input: "one" + String(repeating: "\n", count: 9) + "two")
    #expect(many.errors.contains("standard input:6 and 3 more\n"))
  }

  @Test func withoutATextThereIsNothingToDo() throws {
    runEmbed(["embed", model], isTyped: true).expectFailure(2, ["no text", "pipe lines in"])
    embed(["--lines", "--jsonl", "a"]).expectFailure(2, ["--lines and --jsonl exclude each other"])
    runEmbed(["embed"]).expectFailure(2, ["no model"])
    let empty = try scratch.write("empty", "")
    embed(["-f", empty]).expectFailure(1, [empty, "empty"])
    embed(["--lines", "-f", empty]).expectFailure(1, ["no text"])
  }
}
