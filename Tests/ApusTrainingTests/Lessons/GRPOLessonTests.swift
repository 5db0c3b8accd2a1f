// Runs with objective grpo: what they learn, that they go on to the same bits, what they tell and what they refuse.

import ApusBasics
import ApusData
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

/// A tiny model and prompts for it.
final class TinyPolicyRun {
  let run: TinyRun

  init() throws {
    run = try TinyRun()
    try run.folder.write("template.jinja", Array(FineTuningTests.template.utf8))
    let lines = (0..<12).map {
      "{\"prompt\": \"\(String(repeating: "ab", count: 1 + $0 % 4))\", \"number\": \($0)}\n"
    }
    try run.folder.write("prompts.jsonl", Array(lines.joined().utf8))
  }

  /// Six steps of four prompts with four answers each.
  func configuration(_ settings: [String] = [], objective: String = "grpo") throws -> TrainingConfiguration {
    let path = run.folder.path
    return try run.configuration(
      ["architecture", "layers", "hidden", "heads", "feedForward"].map { "model.\($0)=null" } + [
        "model.from=\(path)/tokenizer", "data.tokenizer=null", "objective=\(objective)", "data.train=[]",
        "rollout.prompts=\(path)/prompts.jsonl", "data.chatTemplate=\(path)/template.jinja",
        "rollout.perPrompt=4", "rollout.tokens=12", "rollout.atOnce=5", "batch.length=48", "log.every=1",
      ] + settings)
  }

  /// Answers are the better the more `a` they have.
  static var lettersReward: FunctionReward {
    FunctionReward { answers in
      answers.map { answer in
        Double(answer.text.count { $0 == "a" }) / Double(max(1, answer.tokenCount))
      }
    }
  }

  @discardableResult
  func train(
    _ configuration: TrainingConfiguration, threads: Int = 2, until last: Int = .max,
    reward: any Reward = lettersReward, observe: (RunEvent) throws -> Void = { _ in }
  ) throws -> TrainerSummary {
    let trainer = try Trainer(
      configuration, runtime: runtime(threads: threads), operations: FailingDisk(failingCall: 0),
      reward: reward)
    return try trainer.run(shouldStop: { trainer.step >= last ? "enough" : nil }, observe: observe)
  }

  /// The figures of a run's steps.
  func figures(_ settings: [String], objective: String = "grpo") throws -> [[String: Double]] {
    run.clear()
    var result: [[String: Double]] = []
    try train(configuration(settings, objective: objective)) { event in
      if case .step(let record) = event.kind {
        result.append(Dictionary(uniqueKeysWithValues: record.figures.map { ($0.name, $0.value) }))
      }
    }
    return result
  }
}

@Suite struct GRPOLessonTests {
  private let tiny: TinyPolicyRun

  init() throws {
    tiny = try TinyPolicyRun()
  }

  @Test(
    "a stopped run goes on to the same bits",
    arguments: [
      [], ["policy.epochs=2", "policy.minibatches=3", "precision=bf16"],
      ["policy.kl=0", "policy.average=token", "adapter.rank=4", "policy.minibatches=2"],
    ])
  func stopped(_ settings: [String]) throws {
    let configuration = try tiny.configuration(settings)
    try tiny.train(configuration, threads: 1)
    let whole = try tiny.run.files(after: 6)
    tiny.run.clear()
    for step in 1...6 { try tiny.train(configuration, until: step) }
    #expect(try tiny.run.files(after: 6) == whole)
  }

  @Test("told to stop while answers are judged, a run saves what it had and goes on to the same bits")
  func stoppedWhileJudging() throws {
    let configuration = try tiny.configuration([
      "data.validation=\(tiny.run.folder.path)/prompts.jsonl", "evaluation.every=2", "evaluation.samples=0",
    ])
    try tiny.train(configuration)
    let whole = try tiny.run.files(after: 6)
    tiny.run.clear()
    // While the third step is judged, the fourth, and the evaluation after that.
    for calls in [3, 1, 1] {
      var left = calls
      let letters = TinyPolicyRun.lettersReward
      let reward = FunctionReward { answers in
        guard left > 0 else { throw RewardError.interrupted }
        left -= 1
        return try letters.scores(answers)
      }
      var reasons: [String] = []
      let summary = try tiny.train(configuration, reward: reward) { event in
        if case .end(let reason) = event.kind { reasons.append(reason) }
      }
      #expect(!summary.isComplete && reasons == ["\(RewardError.interrupted)"], "\(reasons)")
    }
    try tiny.train(configuration)
    #expect(try tiny.run.files(after: 6) == whole)
  }

  @Test("how many answers are made at once changes nothing")
  func atOnce() throws {
    try tiny.train(tiny.configuration(["rollout.atOnce=1"]))
    let whole = try tiny.run.result()
    tiny.run.clear()
    try tiny.train(tiny.configuration(["rollout.atOnce=16"]))
    #expect(try tiny.run.result().differences(from: whole) == [])
  }

  @Test(
    "rewards rise", arguments: [[], ["policy.epochs=2", "policy.minibatches=2", "policy.average=longest"]])
  func learns(_ settings: [String]) throws {
    let figures = try tiny.figures(
      settings + ["steps=40", "rollout.perPrompt=8", "optimizer.learningRate=0.01", "schedule.name=constant"])
    let rewards = figures.map { $0["reward"]! }
    let (first, last) = (rewards.prefix(5).reduce(0, +) / 5, rewards.suffix(5).reduce(0, +) / 5)
    #expect(last > first + 0.2, "\(first) to \(last)")
    for step in figures {
      #expect(step["kl"]! >= 0 && step["ended"]! >= 0 && step["answer length"]! >= 1)
    }
    // The first update of every step meets the weights that the answers were drawn with.
    if settings.isEmpty { #expect(figures.allSatisfy { $0["ratio"] == 1 && $0["clipped"] == 0 }) }
    #expect(figures[0]["kl"] == 0 || !settings.isEmpty)
  }

  @Test("where all answers are as good nothing is learned, and that is told")
  func silent() throws {
    let configuration = try tiny.configuration(["policy.kl=0", "steps=2"])
    var silent: [Double] = []
    try tiny.train(configuration, reward: FunctionReward { $0.map { _ in 1 } }) { event in
      if case .step(let record) = event.kind {
        silent += record.figures.filter { $0.name == "silent groups" }.map(\.value)
      }
    }
    #expect(silent == [1, 1])
    let folder = "\(tiny.run.directory)/\(CheckpointFolder.name(2))"
    let after = try #require(readFile("\(folder)/model.safetensors"))
    tiny.run.clear()
    try tiny.train(configuration, until: 0)
    // Not a bit of the weights has changed since the beginning.
    let before = try #require(readFile("\(tiny.run.directory)/\(CheckpointFolder.name(0))/model.safetensors"))
    #expect(after == before)
  }

  @Test("answers that cannot be judged teach nothing")
  func unjudged() throws {
    let reward = FunctionReward { answers in answers.indices.map { $0 % 4 == 0 ? nil : Double($0 % 3) } }
    var unjudged: [Double] = []
    try tiny.train(tiny.configuration(["steps=2"]), reward: reward) { event in
      if case .step(let record) = event.kind {
        unjudged += record.figures.filter { $0.name == "not judged" }.map(\.value)
      }
    }
    #expect(unjudged == [0.25, 0.25])
  }

  @Test("held-out prompts are answered and measured")
  func evaluation() throws {
    var records: [EvaluationRecord] = []
    try tiny.train(
      tiny.configuration([
        "data.validation=\(tiny.run.folder.path)/prompts.jsonl", "evaluation.every=3", "evaluation.samples=0",
      ])
    ) { event in
      if case .evaluation(let record) = event.kind { records.append(record) }
    }
    #expect(records.count == 2)
    for record in records {
      #expect(record.figures.first { $0.name == "reward" }?.value == -record.loss)
    }
  }

  @Test("what a run lacks is refused with its name")
  func refusals() throws {
    let path = tiny.run.folder.path
    for (settings, word) in [
      (["rollout.prompts=[]"], "rollout.prompts"), (["rollout.perPrompt=1"], "rollout.perPrompt"),
      (["rollout.tokens=48"], "rollout.tokens"), (["reward.kind=command"], "reward.command"),
      (["reward.command=x"], "reward.command"), (["loss.zLoss=0.1"], "loss.zLoss"),
      (["data.train=\(path)/train.jsonl"], "data.train"),
    ] {
      let error = #expect(throws: ConfigurationError.self, "\(settings)") {
        try tiny.configuration(settings).validate()
      }
      #expect("\(String(describing: error))".contains(word), "\(String(describing: error))")
    }
    #expect(throws: TrainingError.self) {
      try Trainer(tiny.configuration(), runtime: runtime(threads: 1))
    }
    // These prompts have no answers to check against.
    let error = #expect(throws: ReadingError.self) {
      try Trainer(tiny.configuration(["reward.kind=problems"]), runtime: runtime(threads: 1))
    }
    #expect("\(String(describing: error))".contains("answer"))
  }
}

extension TinyRun {
  /// What a run has left, whatever it has trained.
  func files(after step: Int) throws -> [String: [UInt8]] {
    let folder = "\(directory)/\(CheckpointFolder.name(step))"
    var files: [String: [UInt8]] = [:]
    for name in ["model.safetensors", "adapter_model.safetensors", "optimizer.safetensors"] {
      files[name] = readFile("\(folder)/\(name)")
    }
    return files
  }
}
