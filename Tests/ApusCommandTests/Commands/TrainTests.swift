// `apus train` in this process: what it prints, and what it says of configurations that cannot be.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct TrainTests {
  let scratch: EmbedScratch

  init() throws {
    scratch = try EmbedScratch()
    try scratch.writeRun()
  }

  private func train(_ words: String...) -> Ending { runEmbed(["train"] + words) }

  @Test("--plan says what it would take and begins nothing")
  func plan() throws {
    let ending = train(scratch.file("run.json"), "--plan")
    #expect(ending.code == 0, "\(ending)")
    for part in [
      "weights", "gradients", "optimiser", "activations", "all", "may be taken",
      "6 steps, 2 sequences at once",
    ] {
      #expect(ending.output.contains(part), "\(ending)")
    }
    let json = try JSONValue(parsing: Array(train(scratch.file("run.json"), "--plan", "--json").output.utf8))
    #expect(json["steps"]?.int == 6 && json["microBatch"]?.int == 2)
    let rows = try #require(json["memory"]?.object)
    let total = try #require(rows["total"]?.int)
    #expect(rows.map { $0.1.int! }.reduce(0, +) == 2 * total)
    #expect(try !scratch.names().contains("out"))
  }

  @Test("--help-config lists every key")
  func keys() {
    let ending = train("--help-config")
    #expect(ending.code == 0)
    for key in [
      "model.architecture", "optimizer.learningRate", "checkpoint.directory", "memory.limit", "nonFinite",
    ] {
      let name = key.split(separator: ".").last!
      #expect(ending.output.contains(name), "\(key)")
    }
  }

  @Test("what cannot be trained is one line")
  func refusals() throws {
    train().expectFailure(2, ["no configuration", "configs/pretrain-small.json", "--help"])
    train(scratch.file("missing.json")).expectFailure(1, ["missing.json", "No such file"])
    train(scratch.path).expectFailure(1, [scratch.path, "irectory"])
    try scratch.write("broken.json", "{\"steps\": 5,\n  // later\n}")
    train(scratch.file("broken.json")).expectFailure(1, ["broken.json: line 2, column 3", "comment"])
    let run = scratch.file("run.json")
    train(run, "--set", "optimizer.learningrate=1").expectFailure(1, ["optimizer.learningRate"])
    train(run, "--set", "batch.sequences=5").expectFailure(
      1, ["batch.sequences", "(5)", "batch.micro", "(2)"])
    train(run, "--set", "memory.limit=2MB").expectFailure(1, ["the run needs", "2.00 MB"])
    train(run, "--set", "tokens=5", "--set", "steps=5").expectFailure(1, ["tokens", "steps", "twice"])
    #expect(try !scratch.names().contains("out"))
  }

  @Test("a run prints its records, its samples and how it ended; --json the sum of it")
  func output() throws {
    let run = scratch.file("run.json")
    let first = train(run, "--set", "steps=4")
    #expect(first.code == 0, "\(first)")
    for part in ["step 4/4  loss ", "tokens/s", "saved ", "exported ", "all steps are done"] {
      #expect(first.output.contains(part), "\(first)")
    }
    #expect(!first.output.contains("\u{1B}"))
    let second = train(run, "--json")
    #expect(second.code == 0, "\(second)")
    let json = try JSONValue(parsing: Array(second.output.utf8))
    #expect(json["steps"]?.int == 6 && json["complete"]?.bool == true && json["tokens"]?.int == 6 * 64)
    #expect(try #require(json["loss"]?.double) > 1)
    #expect(second.errors.contains("going on after step 4 of 6"), "\(second)")
    #expect(second.errors.contains("\"steps\": 4 then, 6 now"), "\(second)")
  }

  @Test("settings that do nothing are told")
  func notes() throws {
    let ending = train(scratch.file("run.json"), "--set", "optimizer.muonIterations=3", "--set", "steps=1")
    #expect(
      ending.code == 0
        && ending.errors.contains("\"optimizer.muonIterations\" does nothing with optimizer adamw"))
  }
}

extension EmbedScratch {
  /// A tokenizer, texts and `run.json`: six steps on a tiny network, in the folder `out`.
  func writeRun() throws {
    try ModelFixture("llama").writeFolder(at: file("tokenizer"))
    let lines = (0..<80).map { "{\"text\": \"\(String(repeating: "abcdefgh", count: 1 + $0 % 5))\($0)\"}\n" }
    try write("train.jsonl", lines.joined())
    try write(
      "run.json",
      """
      {
        "model": {"architecture": "llama", "layers": 2, "hidden": 32, "heads": 2, "feedForward": 48},
        "data": {"train": ["\(path)/train.jsonl"], "tokenizer": "\(path)/tokenizer"},
        "batch": {"sequences": 4, "length": 16, "micro": 2},
        "evaluation": {"every": 0}, "checkpoint": {"directory": "\(path)/out", "every": 0},
        "log": {"every": 2}, "steps": 6
      }
      """)
  }
}
