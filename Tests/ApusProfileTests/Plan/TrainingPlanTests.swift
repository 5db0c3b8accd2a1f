// Which way to train a plan recommends, and what it compares.

import ApusRuntime
import ApusTestSupport
import ApusTraining
import Testing

@testable import ApusProfile

@Suite struct TrainingPlanTests {
  /// A run of a few thousand weights.
  static func tiny() -> (TrainingConfiguration, ModelShape) {
    var configuration = TrainingConfiguration()
    (configuration.batch.sequences, configuration.batch.length) = (8, 16)
    return (
      configuration, ModelShape("gpt2", layers: 2, hidden: 16, heads: 2, context: 16, vocabulary: 64)
    )
  }

  private func choice(_ bytes: Int, _ seconds: Double, fits: Bool = true) -> TrainingChoice {
    var memory = MemoryForecast()
    (memory.activations, memory.program) = (bytes, 0)
    return TrainingChoice(
      precision: .f32, micro: 1, recomputing: .none, memory: memory, fits: fits,
      seconds: StepSeconds(learning: seconds))
  }

  private func plan(_ choices: [TrainingChoice]) -> TrainingPlan {
    TrainingPlan(threads: 1, sequences: 4, length: 25, memoryLimit: 1000, choices: choices)
  }

  @Test("the fastest that fits is recommended, the smallest of those that are as fast")
  func recommendation() {
    #expect(plan([choice(900, 2), choice(800, 1), choice(2000, 0.5, fits: false)]).recommended == 1)
    #expect(plan([choice(900, 1), choice(500, 1.02), choice(100, 1.2)]).recommended == 1)
    #expect(plan([choice(2000, 1, fits: false)]).recommended == nil)
    #expect(plan([]).recommended == nil)
    let rates = plan([choice(1, 2)])
    #expect(rates.tokensPerSecond(rates.choices[0]) == 50)
  }

  @Test(
    "micro-batches divide a step",
    arguments: [
      (12, 100, nil, [1, 3, 4, 6, 12]), (8, 4096, nil, [1]), (8, 8192, nil, [1]), (4, 2048, 4, [1, 2, 4]),
      (1, 1, nil, [1]),
    ] as [(Int, Int, Int?, [Int])])
  func micros(_ sequences: Int, _ length: Int, _ micro: Int?, _ expected: [Int]) {
    var batch = TrainingConfiguration().batch
    (batch.sequences, batch.length, batch.micro) = (sequences, length, micro)
    #expect(TrainingPlanner.micros(batch) == expected)
  }

  @Test("without a limit that binds everything fits; under one the recommendation does, and makes more again")
  func cap() throws {
    let runtime = try Runtime(options: RuntimeOptions(threads: 2))
    var (configuration, shape) = Self.tiny()
    let free = try TrainingPlanner(configuration, shape, program: 0).plan(runtime, nil)
    #expect(free.choices.allSatisfy(\.fits) && !free.choices.contains { $0.recomputing == .asNeeded })
    let totals = free.choices.filter { $0.micro == 8 && $0.precision == .f32 }.map(\.memory.total)
    let (all, none) = (try #require(totals.min()), try #require(totals.max()))
    #expect(all < none)
    configuration.memory.limit = .bytes((all + none) / 2)
    let capped = try TrainingPlanner(configuration, shape, program: 0).plan(runtime, nil)
    let needed = try #require(
      capped.choices.first { $0.recomputing == .asNeeded && $0.micro == 8 && $0.precision == .f32 })
    #expect(needed.fits && needed.memory.total <= (all + none) / 2 && needed.memory.total >= all)
    let recommended = try #require(capped.recommended)
    #expect(capped.choices[recommended].memory.total <= capped.memoryLimit)
    configuration.memory.limit = .bytes(1000)
    #expect(try TrainingPlanner(configuration, shape).plan(runtime, nil).recommended == nil)
  }

  @Test("every choice has a speed, and doing work twice has more of it")
  func speeds() throws {
    let runtime = try Runtime(options: RuntimeOptions(threads: 2))
    let (configuration, shape) = Self.tiny()
    let machine = MachineLimits(f32: 1e11, bf16: nil, int8: nil, readBytes: 1e10)
    let plan = try TrainingPlanner(configuration, shape).plan(runtime, machine, effort: 0.01)
    #expect(plan.choices.count == 2 * 2 * TrainingPlanner.micros(configuration.batch).count)
    for choice in plan.choices {
      let seconds = try #require(choice.seconds)
      #expect(seconds.step > seconds.updates && seconds.updates > 0 && seconds.step < 10)
      #expect(seconds.parts.map(\.name) == ["learning", "updates"])
    }
    #expect(plan.recommended != nil)
  }

  /// Plans a run of a tiny model that is asked questions; PATH is the folder of its files.
  private func answering(_ settings: [String]) throws -> TrainingPlan {
    let scratch = ScratchDirectory()
    try ModelFixture("llama").writeFolder(at: scratch.file("model"))
    let prompts = (0..<6).map { _ in "{\"prompt\": \"abab\"}\n" }
    let pairs = (0..<6).map { "{\"prompt\": \"abab\", \"chosen\": \"c\", \"rejected\": \"d\($0)\"}\n" }
    for (name, text) in [
      ("chat.jinja", "{% for m in messages %}{{ m.role[0] + m.content + '</s>' }}{% endfor %}"),
      ("prompts.jsonl", prompts.joined()), ("pairs.jsonl", pairs.joined()),
    ] {
      try writeFile(scratch.file(name), Array(text.utf8))
    }
    let text = """
      {
        "model": {"from": "PATH/model"}, "data": {"chatTemplate": "PATH/chat.jinja"},
        "batch": {"sequences": 2, "length": 32, "micro": 1}, "steps": 2, "precision": "f32",
        "schedule": {"warmup": 0}, "checkpoint": {"directory": "PATH/run"}
      }
      """
    let configuration = try TrainingConfiguration(
      parsing: Array(text.replacing("PATH", with: scratch.path).utf8), name: "run.json",
      settings: settings.map { $0.replacing("PATH", with: scratch.path) })
    let runtime = try Runtime(options: RuntimeOptions(threads: 1))
    let machine = MachineLimits(f32: 1e11, bf16: nil, int8: nil, readBytes: 1e10)
    return try TrainingPlanner(configuration, runtime).plan(runtime, machine, effort: 0.01)
  }

  @Test("a step of preferences has passes without a way back, and the reference comes before")
  func preferences() throws {
    let dpo = try answering(["objective=dpo", "data.preferences=PATH/pairs.jsonl"])
    let work = try #require(dpo.work)
    // Two pairs of a prompt and a short answer.
    #expect(work.learned > 36 && work.learned < 60 && work.measured == work.learned, "\(work)")
    #expect(work.comparedBefore == 3 * work.learned && work.compared == 0 && work.updates == 1)
    let seconds = try #require(dpo.choices.first?.seconds)
    #expect(seconds.parts.map(\.name) == ["forward passes", "learning", "updates"])
    // Measured on a machine that may be busy, so nothing is said of which is larger.
    #expect(seconds.before > 0 && seconds.measuring > 0 && seconds.learning > 0)
    let simpo = try answering(["objective=simpo", "data.preferences=PATH/pairs.jsonl"])
    #expect(simpo.choices[0].seconds?.before == 0)
  }

  @Test("a step of answers has rollouts, a reference, updates and a judge")
  func answers() throws {
    let common = ["rollout.prompts=PATH/prompts.jsonl", "rollout.tokens=8", "rollout.perPrompt=3"]
    let grpo = try answering(common + ["objective=grpo", "reward.kind=command", "reward.command=cat"])
    let work = try #require(grpo.work)
    let drawn = try #require(work.answers)
    #expect(drawn.answers == 6 && drawn.prompts == 2 && drawn.answerTokens == 8 && drawn.judge == nil)
    // The last token of an answer is not read.
    let read = Double(6 * (drawn.promptTokens + 7))
    #expect(work.learned == read && work.measured == 0 && work.compared == read && work.updates == 1)
    #expect(
      grpo.choices[0].seconds?.parts.map(\.name) == ["rollouts", "reference", "learning", "updates"])
    let ppo = try answering(
      common + [
        "objective=ppo", "reward.kind=command", "reward.command=cat", "policy.epochs=2",
        "policy.minibatches=4", "policy.kl=0",
      ])
    let more = try #require(ppo.work)
    #expect(more.learned == 2 * read && more.compared == 0 && more.updates == 8)
    // Values of all answers, and again before every update but the first.
    #expect(more.measured == read + read * 1.75)
    #expect(
      ppo.choices[0].seconds?.parts.map(\.name) == ["rollouts", "forward passes", "learning", "updates"])
  }
}
