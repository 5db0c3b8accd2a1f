// A reward model from its training to its use: `apus train` makes it, `apus score` and `apus rollouts` ask it, a policy learns
// from it, each with the same numbers.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct JudgeTests {
  private let scratch: EmbedScratch
  private let model: String
  private let template: String
  private let prompts: String

  init() throws {
    scratch = try EmbedScratch()
    model = scratch.file("tiny.gguf")
    #expect(runApplication(["tiny", model]).code == 0)
    template = try scratch.write(
      "chat.jinja", "{% for m in messages %}{{ m.role[0] + m.content + ' ' }}{% endfor %}")
    prompts = try scratch.write(
      "prompts.jsonl", (0..<3).map { #"{"prompt": "the bird \#($0)"}"# + "\n" }.joined())
  }

  /// Trains for two steps, and returns what was said.
  private func train(_ name: String, _ settings: [String]) -> Ending {
    let common = [
      "model.from=\(model)", "data.chatTemplate=\(template)", "batch.length=64", "steps=2",
      "schedule.warmup=0",
      "evaluation.every=0", "log.every=1", "log.html=false", "log.tensorboard=false", "checkpoint.every=0",
      "checkpoint.directory=\(scratch.file(name))",
    ]
    let empty = scratch.file("empty.json")
    return runEmbed(
      ["train", empty, "-t", "1"] + (common + settings).flatMap { ["--set", $0] })
  }

  /// The folder of a reward model.
  private func judge() throws -> String {
    try scratch.write("empty.json", "{}")
    let pairs = try scratch.write(
      "pairs.jsonl",
      (0..<8).map { #"{"prompt": "the bird \#($0)", "chosen": "sang", "rejected": "slept \#($0)"}"# + "\n" }
        .joined())
    let ending = train("judge", ["objective=reward", "data.preferences=\(pairs)", "batch.sequences=4"])
    #expect(ending.code == 0, "\(ending.errors)")
    return scratch.file("judge/model")
  }

  private func lines(_ ending: Ending) throws -> [JSONValue] {
    #expect(ending.code == 0, "\(ending.errors)")
    return try ending.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
  }

  @Test("answers have the scores that apus score gives them")
  func rollouts() throws {
    let judge = try judge()
    let words = [
      "rollouts", model, prompts, "--tokens", "8", "--n", "3", "--chat-template-file", template, "-t", "1",
      "--reward-model", judge,
    ]
    let answers = try lines(runEmbed(words))
    #expect(answers.count == 9)
    let conversations = try answers.map { answer in
      let said = try #require(answer["completion"]?.string)
      let messages: [JSONValue] = [
        .members(["role": .string("user"), "content": try #require(answer["prompt"])]),
        .members(["role": .string("assistant"), "content": .string(said.isEmpty ? " " : said)]),
      ]
      return JSONValue.members(["messages": .array(messages)]).serialized() + "\n"
    }
    let scored = try lines(
      runEmbed(["score", judge, try scratch.write("answers.jsonl", conversations.joined()), "-t", "1"]))
    for (answer, score) in zip(answers, scored) where answer["completion"]?.string?.isEmpty == false {
      #expect(answer["reward"]?.double == score["score"]?.double && score["score"]?.double != nil)
    }
    #expect(Set(answers.compactMap { $0["reward"]?.double }).count > 3)
  }

  @Test("a policy learns from it, and the plan has its memory")
  func policy() throws {
    let judge = try judge()
    let settings = [
      "objective=ppo", "rollout.prompts=\(prompts)", "rollout.tokens=8", "rollout.perPrompt=2",
      "batch.sequences=3", "reward.kind=model", "reward.model=\(judge)",
    ]
    let ending = train("policy", settings)
    #expect(ending.code == 0 && ending.output.contains("reward"), "\(ending)")
    let plan = runEmbed(
      ["train", scratch.file("empty.json"), "--plan"]
        + (settings + ["model.from=\(model)", "data.chatTemplate=\(template)", "batch.length=64", "steps=2"])
        .flatMap { ["--set", $0] })
    #expect(plan.code == 0 && plan.output.contains("reward model"), "\(plan.output)\(plan.errors)")
  }

  @Test("what is no judge, and what one cannot read")
  func refused() throws {
    let judge = try judge()
    func rollouts(_ words: [String]) -> Ending {
      runEmbed(
        ["rollouts", model, prompts, "--tokens", "8", "--chat-template-file", template, "-t", "1"] + words)
    }
    for (words, part) in [
      (["--reward-model", model], "has no head that scores conversations"),
      (["--reward-model", scratch.file("nothing")], "nothing"),
      (["--reward-model", judge, "--reward-on-failure", "retry"], "goes with --reward-command"),
      (["--reward-on-failure", "retry"], "goes with --reward-command"),
    ] {
      let ending = rollouts(words)
      #expect(ending.code != 0 && ending.errors.contains(part), "\(words): \(ending.errors)")
    }
    // The same weights, said to take forty tokens.
    let config = try scratch.text("judge/model/config.json")
    let short = config.replacing("\"max_position_embeddings\": 512", with: "\"max_position_embeddings\": 40")
    #expect(short != config, "\(config)")
    try scratch.write("judge/model/config.json", short)
    let stopped = rollouts(["--reward-model", judge])
    #expect(stopped.code != 0 && stopped.errors.contains("more than the 40"), "\(stopped.errors)")
    let skipped = rollouts(["--reward-model", judge, "--reward-on-failure", "skip", "--n", "8"])
    let rewards = try lines(skipped).map { $0["reward"]?.double }
    #expect(rewards.contains(nil) && rewards.contains { $0 != nil }, "\(rewards) \(skipped.errors)")
    #expect(skipped.errors.contains("of the answers could not be judged"), "\(skipped.errors)")
    #expect(skipped.errors.contains("longer than the 40 tokens"), "\(skipped.errors)")
  }
}
