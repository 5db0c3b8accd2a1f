// `apus data tokenizer`: the command around BPETrainer, which has its own tests.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct DataTokenizerTests {
  private let folder = ScratchDirectory()
  private let text = Array(String(repeating: "banana bandana\n", count: 20).utf8)

  private func run(_ words: String...) -> Ending {
    runApplication(["data", "tokenizer"] + words + ["-t", "1"])
  }

  @Test func learnsAndReports() throws {
    let input = folder.write("text.txt", text)
    let ending = run(input, input, "--vocabulary", "263", "--output", folder.path, "--json")
    #expect(ending.code == 0 && ending.errors.isEmpty, "\(ending)")
    let lines = ending.output.split(separator: "\n")
    #expect(lines[0].hasPrefix("\(folder.path): 263 tokens from 120 words, 3 different, in "))
    #expect(lines[0].hasSuffix(" bytes per token of this text"))
    let json = try JSONValue(parsing: String(try #require(lines.last)))
    #expect(json["distinctWords"]?.int == 3 && json["bytes"]?.int == 600 && json["vocabulary"]?.int == 263)
    let written = try JSONValue(parsing: try #require(readFile(folder.file("tokenizer.json"))))
    #expect(written["added_tokens"]?.array?.count == 1)
    #expect(written["model"]?["merges"]?.array?.count == 6)
  }

  @Test func readsDocumentsAsTokenizingDoes() throws {
    let lines = folder.write(
      "text.jsonl",
      Array((#"{"text":"banana bandana\n"}"# + "\n{}\n" + #"{"text":"banana bandana\n"}"#).utf8))
    let parts = folder.write("text.txt", Array("banana bandana\n§banana bandana\n§".utf8))
    #expect(
      run(lines, "-o", folder.path, "--vocabulary", "263").errors.contains("text.jsonl:2: has no member"))
    let ending = run(lines, "-o", folder.path, "--vocabulary", "263", "--skip-bad", "1")
    #expect(ending.code == 0 && ending.output.contains("from 6 words, 3 different"))
    #expect(ending.errors.contains("1 bad lines were skipped"))
    let tokenizer = readFile(folder.file("tokenizer.json"))
    // The end of a line before a separator belongs to no document.
    let other = run(parts, "-o", folder.path, "--vocabulary", "263", "--force", "--separator", "§")
    #expect(other.code == 0 && other.output.contains("from 4 words, 2 different"))
    #expect(readFile(folder.file("tokenizer.json")) == tokenizer)
  }

  @Test func tellsWhenTheTextGivesNoMore() {
    let input = folder.write("text.txt", text)
    let ending = run(
      input, "-o", folder.path, "--special", "<s>", "--special", "</s>", "--pattern", "llama3",
      "--min-frequency", "3")
    #expect(ending.code == 0)
    #expect(ending.errors.hasPrefix("note: the vocabulary has 26"))
    #expect(ending.errors.contains("not 16384: no further pair occurs 3 times in the text"))
  }

  @Test func refusesBeforeItReads() {
    let input = folder.write("text.txt", text)
    let empty = folder.write("empty.txt", [])
    let output = folder.file("out")
    func refusal(_ words: String...) -> String { runApplication(["data", "tokenizer"] + words).errors }
    #expect(
      refusal(input)
        == "apus data tokenizer: no output: name a folder with --output. Try 'apus data tokenizer --help'\n")
    #expect(refusal("-o", output).contains("no input"))
    #expect(refusal(input, empty, "-o", output).contains("\(empty):1: the file is empty"))
    #expect(refusal(input, folder.file("none"), "-o", output).contains("none: there is no such file"))
    #expect(refusal(input, "-o", output, "--separator", "").contains("--separator is empty"))
    #expect(refusal(folder.path, "-o", output).contains("is a directory"))
    #expect(refusal(input, "-o", output, "--vocabulary", "256").contains("too small"))
    #expect(refusal(input, "-o", output, "--special", "").contains("is empty"))
    #expect(refusal(input, "-o", output, "--pattern", "gpt5").contains("is none of gpt2, llama3, qwen2"))
    #expect(folder.names == ["empty.txt", "text.txt"])
  }

  @Test func keepsATokenizerUnlessForced() {
    let input = folder.write("text.txt", text)
    folder.write("tokenizer.json", [1, 2])
    let ending = run(input, "-o", folder.path)
    #expect(ending.code == 1 && ending.errors.contains("tokenizer.json: exists"))
    #expect(readFile(folder.file("tokenizer.json")) == [1, 2])
    #expect(run(input, "-o", folder.path, "--force").code == 0)
    #expect(readFile(folder.file("tokenizer.json")) != [1, 2])
  }
}
