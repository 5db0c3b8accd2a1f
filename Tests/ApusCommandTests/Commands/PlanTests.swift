// `apus plan` in this process: what it prints, and what it says of models and runs that cannot be.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct PlanTests {
  let scratch: EmbedScratch

  init() throws {
    scratch = try EmbedScratch()
  }

  private func plan(_ words: String...) -> Ending { runApplication(["plan"] + words) }

  @Test("a model's memory by purpose, without measuring")
  func memory() throws {
    let model = scratch.file("tiny.gguf")
    #expect(runApplication(["tiny", model]).code == 0)
    let ending = plan(model, "--memory-only", "-c", "32,64")
    #expect(ending.code == 0, "\(ending)")
    for part in [
      "context 32", "context 64", "weights (mapped)", "packed weights", "keys and values", "activations",
      "runtime", "fits",
    ] {
      #expect(ending.output.contains(part), "\(part): \(ending)")
    }
    let json = try JSONValue(
      parsing: Array(plan(model, "--memory-only", "-c", "32,64", "--json").output.utf8))
    let plans = try #require(json["plans"]?.array)
    #expect(plans.map { $0["context"]?.int } == [32, 64])
    for plan in plans {
      let purposes = try #require(plan["memory"]?["purposes"]?.array)
      let total = try #require(plan["memory"]?["resident"]?.int)
      #expect(purposes.reduce(0) { $0 + ($1["resident"]?.int ?? 0) } == total)
      #expect(plan["prompt"]?.isNull == true && plan["fits"]?.bool == true)
    }
    let cache = plans.map { plan in
      plan["memory"]?["purposes"]?.array?.first { $0["purpose"]?.string == "keys and values" }?["reserved"]?
        .int
    }
    #expect(cache[0] == cache[1], "both are a page and a spare one")
  }

  @Test("a folder is planned as a file is; a context beyond the model's is noted")
  func folder() throws {
    let folder = scratch.file("folder")
    try ModelFixture("llama").writeFolder(at: folder)
    let ending = plan(folder, "--memory-only", "-c", "1000000")
    #expect(ending.code == 0, "\(ending)")
    #expect(ending.errors.contains("more than the"))
    #expect(ending.output.contains("context 1,000,000"))
    // What does not fit is said, with what would, and not timed.
    let large = plan(folder, "-c", "1000000000")
    #expect(large.code == 0, "\(large)")
    #expect(large.output.contains("does not fit") && large.output.contains("the largest context that fits"))
    #expect(!large.output.contains("prompt of 512"))
  }

  @Test("training at a size: memory by purpose and all choices")
  func shape() throws {
    let ending = plan("--shape", "small", "--memory-only")
    #expect(ending.code == 0, "\(ending)")
    for part in ["32 sequences of 128 tokens", "gradients", "optimiser", "bf16", "f32", "none", "all"] {
      #expect(ending.output.contains(part), "\(part): \(ending)")
    }
  }

  @Test("a configuration: its own choice is marked, and one that cannot fit says so")
  func configuration() throws {
    try scratch.writeRun()
    let run = scratch.file("run.json")
    let json = try JSONValue(parsing: Array(plan(run, "--memory-only", "--json").output.utf8))
    let configured = try #require(json["configured"]?.int)
    let choices = try #require(json["choices"]?.array)
    #expect(choices[configured]["micro"]?.int == 2)
    let recommended = try #require(json["recommended"]?.int)
    let limit = try #require(json["memoryLimit"]?.int)
    #expect(try #require(choices[recommended]["memory"]?["total"]?.int) <= limit)
    let refused = plan(run, "--memory-only", "--set", "memory.limit=2MB")
    #expect(refused.code == 1 && refused.output.contains("does not fit"))
    #expect(refused.errors.contains("the smallest needs") && refused.errors.contains("2.00 MB"))
    #expect(try !scratch.names().contains("out"))
  }

  @Test("what cannot be planned is one line")
  func refusals() throws {
    plan().expectFailure(2, ["no model", "--help"])
    plan(scratch.file("missing.gguf")).expectFailure(1, ["missing.gguf", "No such file"])
    plan(scratch.file("missing.json")).expectFailure(1, ["missing.json", "No such file"])
    try scratch.write("text.gguf", "not a model")
    plan(scratch.file("text.gguf")).expectFailure(1, ["text.gguf"])
    try scratch.write("broken.json", "{\"steps\": 5,\n  // later\n}")
    plan(scratch.file("broken.json")).expectFailure(1, ["broken.json: line 2, column 3"])
    plan("--shape", "gpt2", scratch.file("text.gguf")).expectFailure(2, ["--shape", "exclude"])
    plan("--shape", "huge").expectFailure(2, ["huge"])
    plan(scratch.file("text.gguf"), "-c", "0").expectFailure(2, ["0"])
    plan(scratch.file("text.gguf"), "-t", "0").expectFailure(2, ["0"])
  }
}
