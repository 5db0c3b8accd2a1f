// What `apus embed` writes: every format, to standard output and to files, and the options that change vectors.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct EmbedOutputTests {
  let scratch: EmbedScratch
  let model: String
  let texts: [String]
  let expected: [[Float]]

  init() throws {
    scratch = try EmbedScratch()
    model = try scratch.model()
    let fixture = try EmbeddingFixture("bert-mean")
    texts = fixture.strings.map { $0[0] }
    expected = Array(fixture.vectors.suffix(texts.count))
  }

  private func embed(_ words: [String]) -> Ending { runEmbed(["embed", model] + texts + words) }

  /// The vectors as JSON prints them; a float's description reads back as the same float.
  private func exact(_ words: [String] = []) throws -> [[Float]] { try embed(words).embeddings() }

  @Test func jsonIsOneDocument() throws {
    let ending = embed([])
    let document = try JSONValue(parsing: Array(ending.output.utf8))
    #expect(document.object?.keys == ["model", "dimension", "embeddings"])
    #expect(document["model"]?.string == model && document["dimension"]?.int == 64)
    let found = try ending.embeddings()
    #expect(found.count == 2)
    for (a, b) in zip(found, expected) { #expect(isClose(a, b)) }
  }

  @Test func jsonLinesTellTheTextAndItsID() throws {
    let input =
      "{\"text\":\"\(texts[0])\",\"id\":\"a\\u0022\"}\n\"\(texts[1])\"\n{\"id\":[7],\"text\":\"x\"}\n"
    let documents = try runEmbed(["embed", model, "--jsonl", "--format", "jsonl"], input: input).documents()
    #expect(documents.map { $0["index"]?.int } == [0, 1, 2])
    #expect(documents.map { $0["id"] } == [.string("a\""), nil, .array([.int(7)])])
    #expect(try documents.prefix(2).map { $0["embedding"]?.floats } == exact())
  }

  @Test func numPyReadsTheArray() throws {
    let ending = embed(["--out", scratch.file("v.npy")])
    #expect(ending.code == 0 && ending.output == "")
    #expect(ending.errors.contains("wrote 2 × 64 float32 as npy to \(scratch.file("v.npy"))\n"))
    let file = try scratch.bytes("v.npy")
    #expect(Array(file[..<8]) == [0x93] + Array("NUMPY".utf8) + [1, 0])
    let length = Int(file[8]) + 256 * Int(file[9])
    #expect((10 + length) % 64 == 0)
    let header = String(decoding: file[10..<10 + length], as: UTF8.self)
    #expect(header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 64), }"))
    #expect(header.hasSuffix(" \n"))
    #expect(try floats(file[(10 + length)...]) == exact().flatMap { $0 })
  }

  @Test func binaryIsTheBareNumbers() throws {
    #expect(embed(["--format", "binary", "--out", scratch.file("v")]).code == 0)
    #expect(try floats(scratch.bytes("v")) == exact().flatMap { $0 })
  }

  @Test(
    "the suffix of --out chooses the format, and --format has the last word",
    arguments: [
      ("v.json", [], VectorFormat.json), ("v.jsonl", [], .jsonl), ("v.npy", [], .npy), ("v.NPY", [], .npy),
      ("v.bin", [], .binary), ("v.f32", [], .binary), ("v.txt", [], .json), ("npy", [], .json),
      ("v.npy", ["--format", "json"], .json), ("v.json", ["--format", "npy"], .npy),
    ] as [(String, [String], VectorFormat)])
  func suffix(_ name: String, _ words: [String], _ format: VectorFormat) throws {
    #expect(embed(["--out", scratch.file(name)] + words).code == 0)
    let file = try scratch.bytes(name)
    switch format {
    case .json: #expect(file.starts(with: Array("{\"model\":".utf8)))
    case .jsonl: #expect(file.starts(with: Array("{\"index\":0,".utf8)))
    case .npy: #expect(file.first == 0x93 && file.count == 128 + 2 * 64 * 4)
    case .binary: #expect(file.count == 2 * 64 * 4)
    }
  }

  @Test func aFileIsReplacedAndNothingElseIsLeft() throws {
    try scratch.write("out/v.jsonl", "old")
    #expect(embed(["--out", scratch.file("out/v.jsonl")]).code == 0)
    #expect(try scratch.text("out/v.jsonl").hasPrefix("{\"index\":0,"))
    #expect(try scratch.names(in: "out") == ["v.jsonl"])
  }

  @Test func jsonSaysWhatWasWritten() throws {
    let ending = embed(["--out", scratch.file("v.npy"), "--json"])
    let document = try JSONValue(parsing: Array(ending.output.utf8))
    #expect(document["texts"]?.int == 2 && document["dimension"]?.int == 64 && document["leftOut"]?.int == 0)
    #expect(document["format"]?.string == "npy" && document["out"]?.string == scratch.file("v.npy"))
    #expect(try embed(["--json"]).embeddings() == exact())
    #expect(embed(["--json", "--format", "jsonl"]).code == 2)
  }

  @Test func formatsThatCannotGoThereAreRefusedBeforeTheModelIsLoaded() throws {
    runEmbed(["embed", "nowhere.gguf", "a", "--format", "npy"]).expectFailure(2, ["needs a file: --out"])
    runEmbed(["embed", "nowhere.gguf", "a", "--format", "binary"], terminal: true)
      .expectFailure(2, ["do not go to a terminal"])
  }

  @Test func aFolderThatIsNotThereIsNamed() throws {
    embed(["--out", scratch.file("none/v.npy")]).expectFailure(1, [scratch.file("none/v.npy")])
    embed(["--out", model]).expectFailure(1, [model, "directory"])
  }

  @Test func dimKeepsTheFirstValuesAtLengthOne() throws {
    let cut = try exact(["--dim", "16"])
    for (short, long) in zip(cut, expected) {
      let length = long.prefix(16).reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(isClose(short, long.prefix(16).map { $0 / length }))
    }
    embed(["--dim", "65"]).expectFailure(1, [model, "65 values are more than the 64"])
    embed(["--dim", "0"]).expectFailure(2, ["--dim"])
  }

  @Test func lengthsAreKeptWithoutNormalizing() throws {
    for (raw, unit) in zip(try exact(["--no-normalize"]), expected) {
      let length = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(length - 1) > 0.01)
      #expect(isClose(raw.map { $0 / length }, unit))
    }
    #expect(try exact(["--normalize"]) == exact())
  }

  @Test func poolingChangesHowTokensBecomeOne() throws {
    // The two models differ in their pooling only.
    let cls = try EmbeddingFixture("bert-cls").vectors.suffix(2)
    for (a, b) in zip(try exact(["--pooling", "cls"]), cls) { #expect(isClose(a, b)) }
    #expect(try exact(["--pooling", "last"]) != exact())
    #expect(try exact(["--pooling", "mean"]) == exact(["--pooling", "model"]))
    embed(["--pooling", "rank"]).expectFailure(2, ["is none of model, mean, cls, last"])
  }

  @Test func promptsComeBeforeTexts() throws {
    let prompted = try exact(["--prompt-name", "query"])
    #expect(
      try prompted
        == runEmbed(["embed", model] + texts.map { "task: search result | query: " + $0 })
        .embeddings())
    #expect(try prompted != exact())
    embed(["--prompt-name", "nonsense"]).expectFailure(
      1, ["no prompt \"nonsense\"", "it has document, query"])
  }

  @Test func longTextsAreRefusedCutOrSplit() throws {
    let long = String(repeating: "a small engine. ", count: 100)
    let words = ["embed", model, "short", long]
    runEmbed(words).expectFailure(1, ["text 2: has ", "tokens, more than the 128", "--long-texts"])
    let cut = try runEmbed(words + ["--long-texts", "truncate"]).embeddings()
    let split = try runEmbed(words + ["--long-texts", "split"]).embeddings()
    #expect(cut[0] == split[0] && cut[1] != split[1])
    // What lies behind the cut does not matter, and does where the text is split.
    let other = ["embed", model, "short", long + "But now for something else, my dear bird."]
    #expect(try runEmbed(other + ["--long-texts", "truncate"]).embeddings() == cut)
    #expect(try runEmbed(other + ["--long-texts", "split"]).embeddings()[1] != split[1])
    runEmbed(["embed", model, "a small engine", "-c", "3"]).expectFailure(1, ["more than the 3"])
    runEmbed(["embed", model, "a", "-c", "129"]).expectFailure(1, [model, "129", "128"])
  }

  @Test func fileAndFolderGiveTheSameVectors() throws {
    let file = try scratch.model(EmbeddingFixture("bert-mean").file())
    #expect(try runEmbed(["embed", file] + texts).embeddings() == exact())
    #expect(try runEmbed(["embed", "-m", file] + texts).embeddings() == exact())
  }

  @Test func verboseSaysWhatTheModelIs() {
    let ending = embed(["-v"])
    #expect(ending.errors.contains("bert, 64 values, mean pooling, length 1, up to 128 tokens"))
  }
}
