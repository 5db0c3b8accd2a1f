// The model in the program: used where none is named, it tells stories, works out problems, and says how it was made.

import ApusBasics
import ApusData
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct DefaultModelTests {
  private func run(_ words: [String]) -> Ending { runApplication(words + ["-t", "2"]) }

  @Test("a prompt alone is for the model in the program, quoted or not, and so is standard input")
  func isUsed() {
    let prompt = "Tell me a story about a rabbit."
    let told = run(["run", prompt, "-n", "60", "--temp", "0"])
    #expect(told.code == 0 && told.output.count > 100, "\(told.errors)")
    #expect(run(["run", "-p", prompt, "-n", "60", "--temp", "0"]).output == told.output)
    #expect(run(["run", DefaultModel.name, prompt, "-n", "60", "--temp", "0"]).output == told.output)
    #expect(!told.errors.contains("note:"))
    let lone = run(["run", "fox", "-n", "4"])
    #expect(lone.code == 0 && lone.errors.contains("there is no model 'fox' here"))
  }

  @Test("an empty name is what an unset variable leaves, not a wish for the model in the program")
  func isNotUsedForNothing() {
    for words in [["run", ""], ["run", "", "Tell me a story."], ["chat", ""]] {
      run(words).expectFailure(2, ["no model"])
    }
  }

  @Test("what looks like a file is one", arguments: ["none.gguf", "./fox", "models/none"])
  func looksLikeFile(_ word: String) {
    run(["run", word]).expectFailure(1, [word])
  }

  @Test("stories differ and are about what was asked for")
  func tellsStories() {
    var stories: Set<String> = []
    for seed in 1...4 {
      let told = run(["run", "Tell me a story about a girl named Nora.", "--seed", "\(seed)"])
      #expect(told.code == 0 && told.output.contains("Nora") && told.output.count > 300, "\(told.output)")
      stories.insert(told.output)
    }
    #expect(stories.count == 4)
  }

  @Test("of held-out problems nearly all are solved, step by step")
  func solvesProblems() throws {
    let scratch = try EmbedScratch()
    let prompts = scratch.file("test.jsonl")
    let written = runApplication([
      "data", "problems", "-n", "80", "--seed", "99", "--levels", "2-5", "--split", "test", "--format",
      "prompt", "-o",
      prompts,
    ])
    #expect(written.code == 0)
    let answered = run([
      "rollouts", DefaultModel.name, prompts, "--n", "1", "--temperature", "0", "--reward", "problems",
    ])
    let lines = try answered.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    #expect(lines.count == 80, "\(answered.errors)")
    #expect(lines.count { $0["reward"]?.double == 1 } >= 68, "\(answered.errors)")
    let thought = lines.count { $0["completion"]?.string?.hasPrefix("<think>\n") == true }
    #expect(thought == lines.count)
  }

  @Test("the receipt names recipe, seeds, data and evaluation")
  func hasAReceipt() {
    let shown = runApplication(["inspect", "--metadata"])
    #expect(shown.code == 0)
    for key in ["recipe", "program", "seeds", "data", "evaluation"] {
      #expect(shown.output.contains("apus.receipt.\(key)"))
    }
    #expect(runApplication(["inspect", "--check"]).output.contains("weights are finite numbers"))
  }
}
