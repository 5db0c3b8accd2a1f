// `apus data tokenize` and `apus data inspect`.

import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct DataTests {
  private let folder = ScratchDirectory()
  private let output = ScratchDirectory()
  private let model: String
  private let corpus: String

  init() {
    model = folder.write("vocabulary.gguf", tinyVocabulary())
    corpus = folder.write(
      "a.jsonl", Array("{\"text\":\"ab a\"}\n{\"body\":1}\n{\"text\":\"ab\"}\n{\"text\":\"\"}\n".utf8))
  }

  private func tokenize(_ words: [String]) -> Ending {
    runApplication(["data", "tokenize"] + words + ["--tokenizer", model, "--output", output.path])
  }

  @Test func shardsAndWhatTheyHold() throws {
    let made = tokenize([corpus, "--skip-bad", "1", "--json"])
    #expect(made.code == 0)
    #expect(made.errors.contains("1 bad lines were skipped"))
    #expect(made.errors.contains("a.jsonl:2: has no member \"text\", but \"body\""))
    #expect(made.errors.contains("1 documents without text were left out"))
    let report = try document(made.output)
    #expect((report["train"] as? [String: Int]) == ["documents": 2, "tokens": 9])
    #expect(report["badLines"] as? Int == 1)
    #expect(output.names == ["dataset.json", "train-00000.tokens"])

    let json = try document(runApplication(["data", "inspect", output.path, "--json"]).output)
    let part = try #require((json["parts"] as? [[String: Any]])?.first)
    #expect(part["first"] as? [Int] == [1, 259, 263, 262, 2, 1, 259, 263, 2])
    #expect(part["documents"] as? Int == 2)
    #expect((part["text"] as? String)?.contains("ab a") == true)

    let shard = output.file("train-00000.tokens")
    let sheet = runApplication(["data", "inspect", shard, "-n", "3", "--tokenizer", model])
    #expect(sheet.code == 0)
    #expect(sheet.output.contains("first tokens       1 259 263\n"), "\(sheet.output)")
    #expect(sheet.output.contains("all checked"))
  }

  @Test func separatorsAndEnds() throws {
    let text = folder.write("a.txt", Array("ab\n==\nab".utf8))
    let made = tokenize([text, "--separator", "==", "--no-bos", "--no-eos", "--json"])
    #expect((try document(made.output)["train"] as? [String: Int]) == ["documents": 2, "tokens": 4])
    #expect(tokenize([text]).errors.contains("holds a data set"))
    #expect(tokenize([text, "--force", "--validation", "0.5"]).errors.contains("the corpus is one document"))
  }

  @Test func whatIsMissingOrWrongIsNamed() {
    for (words, problem) in [
      (["data", "tokenize"], "no input"), (["data", "tokenize", corpus], "no tokenizer"),
      (["data", "tokenize", corpus, "--tokenizer", model], "no output"),
      (["data", "tokenize", corpus, "--tokenizer", folder.path, "-o", output.path], "has no tokenizer.json"),
      (["data", "inspect", folder.path], "dataset.json is missing"),
      (["data", "inspect", corpus], "is no token shard"),
      (
        ["data", "tokenize", corpus, "--tokenizer", model, "-o", output.path],
        "a.jsonl:2: has no member \"text\""
      ),
      (
        [
          "data", "tokenize", corpus, "--tokenizer", model, "-o", output.path, "--separator", "x",
          "--separator-line", "",
        ],
        "exclude each other"
      ),
    ] {
      let ending = runApplication(words)
      #expect(ending.code != 0 && ending.errors.contains(problem), "\(ending)")
    }
    #expect(output.names.isEmpty)
  }
}
