// `apus score`: a line for each conversation, in order, and what is said of bad ones.

import ApusBasics
import ApusModels
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct ScoreTests {
  private let scratch: EmbedScratch
  private let model: String
  private let template: String

  init() throws {
    scratch = try EmbedScratch()
    let files = try ModelFiles(ModelFixture("llama").file())
    var description = try ModelDescription.of(files).description
    let source = ScoredWeights.of(files.source, hidden: description.tensors[0].columns, .normals(seed: 0))
    description.tensors.removeAll { $0.name == "output.weight" }
    description.tensors.append(try #require(source.tensor(ScoreHead.weight)))
    description.heads = .scores
    model = scratch.file("reward.gguf")
    try GGUFExport(description, type: nil, tokenizer: TokenizerKeys(copying: ModelFixture("llama").file()))
      .write(to: model, weights: TensorReader(source), replacing: true)
    template = try scratch.write(
      "chat.jinja", "{% for m in messages %}{{ m.role[0] + m.content + '</s>' }}{% endfor %}")
  }

  private func line(_ answer: String) -> String {
    #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "\#(answer)"}]}"#
      + "\n"
  }

  private func score(_ words: [String]) -> Ending {
    runEmbed(["score", model] + words + ["--chat-template-file", template])
  }

  private func scores(_ ending: Ending) throws -> [Double?] {
    #expect(ending.code == 0, "\(ending.errors)")
    return try ending.output.split(separator: "\n").map {
      try #require(try JSONValue(parsing: String($0))["score"]).double
    }
  }

  @Test("a score for each line, in the order of the files")
  func order() throws {
    let one = try scratch.write("1.jsonl", line("b") + line("cc"))
    let two = try scratch.write("2.jsonl", line("b"))
    let found = try scores(score([one, two]))
    #expect(found.count == 3 && found[0] == found[2] && found[0] != found[1] && found[0]?.isFinite == true)
    #expect(try scores(score([two, one])) == [found[0], found[0], found[1]])
    // More than are asked for at once.
    let many = try scratch.write("many.jsonl", (0..<150).map { line($0 % 2 == 0 ? "b" : "cc") }.joined())
    #expect(try scores(score([many])) == (0..<150).map { found[$0 % 2] })
  }

  @Test("conversations that are too long, and lines that are none")
  func bad() throws {
    let long = try scratch.write("long.jsonl", line("b") + line(String(repeating: "c", count: 60)))
    score([long, "--ctx", "40"]).expectFailure(
      1, ["long.jsonl:2: ", "tokens, more than the 40", "--too-long skip"])
    let skipped = score([long, "--ctx", "40", "--too-long", "skip"])
    #expect(try scores(skipped).map { $0 == nil } == [false, true])
    #expect(skipped.errors.contains("1 conversation is longer than the 40 tokens"))
    let damaged = try scratch.write("damaged.jsonl", line("b") + "{}\n")
    score([damaged]).expectFailure(1, ["damaged.jsonl:2: ", "\"messages\""])
    #expect(try scores(score([damaged, "--skip-bad", "1"])).count == 1)
    runEmbed(["score", model], isTyped: true).expectFailure(2, ["no input"])
    runEmbed(["score", model, damaged]).expectFailure(1, ["has no chat template"])
    let (broken, silent) = (try scratch.write("b.jinja", "{% for"), try scratch.write("s.jinja", ""))
    runEmbed(["score", model, damaged, "--chat-template-file", broken]).expectFailure(
      1, ["b.jinja: template"])
    runEmbed(["score", model, long, "--chat-template-file", silent]).expectFailure(
      1, ["long.jsonl:1: ", "is empty once the template"])
    runEmbed(["embed", model, "a"]).expectFailure(1, ["is a reward model", "apus score"])
    runEmbed(["rerank", model, "a", "b"]).expectFailure(1, ["is a reward model", "apus score"])
    let plain = try scratch.model("bert-reranker")
    runEmbed(["score", plain, damaged]).expectFailure(1, ["has no head that scores conversations"])
  }
}
