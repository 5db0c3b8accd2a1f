// Speeds are measured on the phases that will run; how fast they are no test can say, but what is measured it can.

import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusProfile

@Suite struct PlanSpeedTests {
  private let machine = MachineLimits(f32: 1e11, bf16: nil, int8: nil, readBytes: 1e10)

  @Test("layers that are alike are measured once", arguments: [("llama", true), ("gemma2", false)])
  func likeness(_ name: String, _ areAlike: Bool) throws {
    let network = try ModelFiles(ModelFixture(name).file()).network()
    let plan = try network.plan(EngineOptions(contextLength: 64))
    let attention = plan.phases.indices.filter { plan.name(ofPhase: $0).contains("attention") }
    #expect(attention.count == network.configuration.layers && attention.count > 1)
    // Gemma's layers look at a window and at everything in turn.
    let kinds = Set(attention.map { plan.likeness(ofPhase: $0) })
    #expect((kinds.count == 1) == areAlike)
    let all = Set(plan.phases.indices.map { plan.likeness(ofPhase: $0) })
    #expect(all.count < plan.phases.count)
    let excerpt = plan.excerpt([3, 1])
    #expect(excerpt.phases == [plan.phases[1], plan.phases[3]])
    #expect(excerpt.memory.byteCount == plan.memory.byteCount)
  }

  @Test("a model's speeds for several contexts", arguments: ["llama", "gemma3", "gpt2"])
  func generation(_ name: String) throws {
    let runtime = try Runtime(options: RuntimeOptions(threads: 2))
    var question = GenerationQuestion()
    question.contexts = [40, 200]
    question.prompt = 40
    question.batchTokens = 48
    question.sequences = 2
    question.effort = 0.01
    let plans = try GenerationPlanner(ModelFiles(ModelFixture(name).file()), question) { 0 }
      .plans(runtime, machine)
    #expect(plans.map(\.context) == [40, 200])
    for plan in plans {
      let (prompt, decoding) = (try #require(plan.prompt), try #require(plan.decoding))
      #expect(prompt.tokensPerSecond > 0 && decoding.tokensPerSecond > 0)
      // Every phase has its time, and every token its work.
      let phases = prompt.step.parts.reduce(0) { $0 + $1.count }
      #expect(phases > 5 && prompt.step.parts.allSatisfy { $0.seconds >= 0 && $0.cost.bytes > 0 })
      #expect(prompt.step.parts.contains { $0.seconds > 0 })
      #expect((plan.filling != nil) == (plan.context == 200))
      #expect((plan.decodingAtEnd != nil) == (plan.context == 200))
    }
  }

  @Test("what is known is not measured again")
  func known() throws {
    let runtime = try Runtime(options: RuntimeOptions(threads: 2))
    let network = try ModelFiles(ModelFixture("llama").file()).network()
    let plan = try network.plan(EngineOptions(contextLength: 64))
    let meter = try StepMeter(
      plan, SyntheticParameters(plan.graph, runtime), layout: network.cacheLayout(.f16), positions: 64,
      sequences: 1, runtime)
    var times = Dictionary(
      uniqueKeysWithValues: Set(plan.phases.indices.map { plan.likeness(ofPhase: $0) }).map { ($0, 0.5) })
    let forecast = try meter.forecast(StepShape(tokens: 3), known: &times, seconds: 0.01)
    #expect(forecast.seconds == 0.5 * Double(plan.phases.count) && forecast.overhead == 0)
    times[plan.likeness(ofPhase: 0)] = nil
    let measured = try meter.forecast(StepShape(tokens: 3), known: &times, seconds: 0.01)
    #expect(measured.seconds < forecast.seconds && times[plan.likeness(ofPhase: 0)] != nil)
  }

  @Test("vectors: one text alone and as many as a step holds")
  func embedding() throws {
    let runtime = try Runtime(options: RuntimeOptions(threads: 2))
    let file = try EmbeddingFixture("bert-mean").file()
    let planner = try EmbeddingPlanner(ModelFiles(file)) { 77 }
    let plans = try planner.plans([8], runtime, machine, effort: 0.01)
    let plan = try #require(plans.first)
    #expect(plan.memory.purposes.first { $0.purpose == "runtime" }?.reserved == 77)
    let (single, many) = (try #require(plan.single), try #require(plan.many))
    #expect(single.tokensPerSecond > 0 && many.tokensPerSecond > 0)
    #expect(throws: PlanError.context(1 << 20, largest: planner.contextLength)) {
      try planner.plans([1 << 20], runtime, nil)
    }
    #expect(throws: PlanError.context(0, largest: planner.contextLength)) {
      try planner.plans([0], runtime, nil)
    }
  }

  @Test("a model that makes vectors does not continue texts")
  func notGenerative() throws {
    #expect(throws: ModelError.self) {
      try GenerationPlanner(ModelFiles(EmbeddingFixture("bert-mean").file()), GenerationQuestion()) { 0 }
    }
  }
}
