// `apus rollouts`: answers with rewards, the best to learn from, pairs; the same ones for a seed, however they are made.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct RolloutsTests {
  private let scratch: EmbedScratch
  private let model: String
  private let prompts: String
  private let template: String

  init() throws {
    scratch = try EmbedScratch()
    model = scratch.file("tiny.gguf")
    #expect(runApplication(["tiny", model]).code == 0)
    prompts = try scratch.write(
      "prompts.jsonl",
      (0..<5).map { #"{"prompt": "a\#($0)", "answer": "\#($0)", "level": \#(1 + $0 % 2)}"# + "\n" }.joined())
    template = try scratch.write(
      "chat.jinja", "{% for m in messages %}{{ m.role[0] + m.content + ' ' }}{% endfor %}")
  }

  private func rollouts(_ words: [String]) -> Ending {
    runEmbed(
      ["rollouts", model, prompts, "--tokens", "12", "--chat-template-file", template, "-t", "1"] + words)
  }

  /// A reward that is longer answers' advantage: the characters of the line.
  private static let length = ["--reward-command", "while read -r line; do echo ${#line}; done"]

  private func lines(_ ending: Ending) throws -> [JSONValue] {
    #expect(ending.code == 0, "\(ending.errors)")
    return try ending.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
  }

  @Test("every answer is a line with what its prompt said, the same for a seed and however many at once")
  func answers() throws {
    let first = rollouts(["--n", "3", "--reward", "problems"])
    let found = try lines(first)
    #expect(found.count == 15)
    for (index, line) in found.enumerated() {
      #expect(line["prompt"]?.string == "a\(index / 3)" && line["answer"]?.string == "\(index / 3)")
      #expect(line["completion"]?.string != nil && line["ended"]?.bool != nil && line["reward"]?.double == 0)
    }
    #expect(first.errors.contains("level 1") && first.errors.contains("level 2"))
    #expect(Set(found.compactMap { $0["completion"]?.string }).count > 5)
    let again = rollouts(["--n", "3", "--reward", "problems", "--parallel", "2", "-t", "2"])
    #expect(again.output == first.output)
    #expect(rollouts(["--n", "3", "--reward", "problems", "--seed", "2"]).output != first.output)
    let sure = try lines(rollouts(["--n", "2", "--temperature", "0"]))
    #expect(sure[0]["completion"] == sure[1]["completion"] && sure[0]["reward"]?.isNull == true)
  }

  @Test("the best are conversations, the best and the worst are pairs")
  func chosen() throws {
    let all = try lines(rollouts(["--n", "4"] + Self.length))
    let best = try lines(rollouts(["--n", "4", "--best", "1"] + Self.length))
    let pairs = try lines(rollouts(["--n", "4", "--pairs"] + Self.length))
    #expect(best.count == 5 && pairs.count <= 5 && !pairs.isEmpty)
    for (group, line) in best.enumerated() {
      let answers = all[4 * group..<4 * group + 4]
      let rewards = answers.compactMap { $0["reward"]?.double }
      let most = try #require(rewards.max())
      let messages = try #require(line["messages"]?.array)
      #expect(messages.count == 2 && messages[0]["content"]?.string == "a\(group)")
      let said = messages[1]["content"]
      #expect(answers.contains { $0["completion"] == said && $0["reward"]?.double == most })
    }
    for pair in pairs {
      let (chosen, rejected) = (pair["chosen"]?.array?[0]["content"], pair["rejected"]?.array?[0]["content"])
      #expect(chosen != nil && rejected != nil && chosen != rejected)
    }
    #expect(try lines(rollouts(["--n", "4", "--best", "4", "--above", "1e6"] + Self.length)).isEmpty)
  }

  @Test("the divergence from itself is nothing, from another model something")
  func divergence() throws {
    let other = scratch.file("other.gguf")
    #expect(runApplication(["tiny", other, "--seed", "5"]).code == 0)
    // More tokens than the reference looks at in one step.
    let long = try scratch.write(
      "long.jsonl", #"{"prompt": "\#(String(repeating: "a bird ", count: 40))"}"# + "\n")
    for file in [prompts, long] {
      func nats(_ reference: String) throws -> Double {
        let ending = runEmbed([
          "rollouts", model, file, "--n", "3", "--tokens", "30", "--reference", reference, "-t", "1",
          "--chat-template-file", template,
        ])
        let words = ending.errors.split(separator: "\n").first { $0.contains("nats an answer") }?
          .split { $0 == " " || $0 == "," }
        let text = try #require(words?.dropFirst(6).first.map(String.init), "\(ending.errors)")
        return try #require(Double(text))
      }
      #expect(try nats(model) == 0)
      #expect(try nats(other) > 0.5)
    }
  }

  @Test(
    "what cannot be is said",
    arguments: [
      (["--best", "1"], "need a reward"), (["--pairs"], "need a reward"),
      (["--best", "1", "--pairs", "--reward", "problems"], "exclude each other"),
      (["--above", "1", "--reward", "problems"], "goes with --best"),
      (["--reward", "problems", "--reward-command", "cat"], "only one of"),
      (["--reward", "luck"], "luck"), (["--n", "0"], "--n"),
      (["--reward-command", "exit 3"], "exit"), (["--reward-command", "echo no number"], "no number"),
    ])
  func refused(_ words: [String], _ part: String) {
    let ending = rollouts(words)
    #expect(ending.code != 0 && ending.errors.contains(part), "\(words): \(ending.errors)")
  }

  @Test("files that are none, and prompts that are too long")
  func files() throws {
    let missing = runEmbed(["rollouts", model, scratch.file("none.jsonl")])
    #expect(missing.code != 0 && missing.errors.contains("none.jsonl"))
    let none = runEmbed(["rollouts", model])
    #expect(none.code != 0 && none.errors.contains("no prompts"))
    let bad = try scratch.write("bad.jsonl", "{\"prompt\": 3}\n")
    let ending = runEmbed(["rollouts", model, bad, "--chat-template-file", template])
    #expect(ending.code != 0 && ending.errors.contains("bad.jsonl") && ending.errors.contains("bad.jsonl:1"))
    // A template that is given counts for a model that has none, everywhere.
    for (words, said) in [([], "continued as it is"), (["--chat-template-file", template], "a user's turn")] {
      let run = runEmbed(["run", model, "a", "-n", "1", "--verbose", "-t", "1"] + words)
      #expect(run.code == 0 && run.errors.contains(said), "\(run.errors)")
    }
    let broken = try scratch.write("broken.jinja", "{% for")
    rollouts(["--chat-template-file", broken]).expectFailure(1, ["broken.jinja: template, line 1"])
    rollouts(["--reward-command", " "]).expectFailure(2, ["--reward-command is empty"])
  }
}
