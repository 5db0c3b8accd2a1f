// Answers of a policy: their log-probabilities are the trainer's to the bit, and nothing but weights, prompt and random
// numbers decides what they say.

import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A tiny network in training, and an engine that generates with its weights.
private struct TinyPolicy {
  let network: Network
  let weights: TrainableWeights
  let runtime: Runtime
  let context: Int

  /// - Parameter blocks: the format of the weights beside an adapter.
  init(
    _ name: String, _ precision: TrainingPrecision, context: Int, threads: Int = 2, adapter: Bool = false,
    blocks: TensorType? = nil
  ) throws {
    let files = try ModelFiles(ModelFixture(name).file(blocks.flatMap { ModelFixture.storing($0) }))
    var source: any WeightSource = files.source
    if adapter {
      let targets = try files.network().productTargets(named: ["all-linear"], key: "targets")
      let settings = AdapterSettings(rank: 3, alpha: 6, isRankStabilized: false)
      source = AdaptedWeights(
        source, [(try LowRankAdapter.new(targets, settings, seed: 5, name: "rank"), 1)])
    }
    runtime = try ApusTrainingTests.runtime(threads: threads)
    self.context = context
    network = try Network(PrecisionSource(base: source, precision: precision))
    let graph = try TrainingEngine.graph(network, TinyPolicy.options(context, rows: 8, isForwardOnly: false))
    let isTrained = graph.isTrained
    let frozen =
      adapter
      ? try WeightStore(graph, from: network.source, workers: runtime.workers) { !isTrained($0) } : nil
    weights = try TrainableWeights(graph, precision: precision, frozen: frozen)
    try weights.load(from: source)
    if adapter { move(by: 0.05) }
  }

  static func options(_ context: Int, rows: Int, isForwardOnly: Bool) -> TrainingEngineOptions {
    var options = TrainingEngineOptions(tokens: rows * context, sequences: 2 * rows, contextLength: context)
    options.isForwardOnly = isForwardOnly
    return options
  }

  /// Moves every weight a little, as an update would.
  func move(by size: Float) {
    let random = Philox(key: 77)
    for index in 0..<weights.floatCount {
      weights.masters[index] += size * (random.uniform(UInt64(index)) - 0.5)
    }
  }

  /// What the trainer makes of the rows, in a graph with gradients or without.
  func trained(_ rows: [PolicyRow], isForwardOnly: Bool) throws -> [[Double]] {
    let options = Self.options(context, rows: 8, isForwardOnly: isForwardOnly)
    let graph = try TrainingEngine.graph(network, options)
    return try TrainingEngine(network, graph, weights, options, runtime).measure(rows).map(\.logProbabilities)
  }

  func packed() throws -> PolicyWeights {
    try PolicyWeights(network.graph(contextLength: context), weights, runtime)
  }

  func generator(
    _ packed: PolicyWeights, atOnce: Int, tokens: Int, ends: Set<Int32> = [2, 5]
  ) throws -> PolicyGenerator {
    let options = PolicyGenerator.engineOptions(
      contextLength: context, answersAtOnce: atOnce, weights.precision.keyValueFormat)
    let engine = try Engine(
      network, runtime, options, name: "policy", regions: []
    ) { (reference, _) throws(ModelError) in try packed.parameter(reference) }
    return PolicyGenerator(engine, ends: ends, tokens: tokens)
  }

  func prompts(_ lengths: [Int]) -> [[Int32]] {
    let random = Philox(key: 3)
    return lengths.enumerated().map { row, length in
      (0..<length).map { Int32(random.block(UInt64($0), UInt64(row))[0] % UInt32(vocabulary)) }
    }
  }

  var vocabulary: Int { network.configuration.vocabularySize }
}

@Suite struct PolicyGeneratorTests {
  /// Prompts shorter and longer than a page, on its border, and longer than a step.
  private static let lengths = [1, 7, 63, 64, 65, 130, 5, 100]

  @Test(
    "log-probabilities of answers are the trainer's to the bit",
    arguments: ["llama", "gemma2", "gpt2", "qwen3"], TrainingPrecision.allCases)
  func bits(_ name: String, _ precision: TrainingPrecision) throws {
    try check(TinyPolicy(name, precision, context: 192), "\(name) \(precision)", answers: 4)
  }

  @Test("so are those of an adapter beside weights in any format", arguments: [nil, TensorType.q8_0, .q4_0])
  func adapter(_ blocks: TensorType?) throws {
    try check(
      TinyPolicy("llama", .f32, context: 192, adapter: true, blocks: blocks), "\(blocks?.name ?? "f32")",
      answers: 4)
  }

  /// More than 1,000 answers each, before and after an update.
  @Test(
    "and of a thousand answers each",
    .enabled(if: getenv("APUS_ROLLOUTS") != nil, "make rollouts-check sets APUS_ROLLOUTS: it takes minutes"),
    arguments: TrainingPrecision.allCases)
  func thousand(_ precision: TrainingPrecision) throws {
    try check(TinyPolicy("llama", precision, context: 192), "\(precision)", answers: 63)
  }

  private func check(_ policy: TinyPolicy, _ what: String, answers count: Int) throws {
    let packed = try policy.packed()
    let generator = try policy.generator(packed, atOnce: 13, tokens: 70)
    let prompts = policy.prompts(Self.lengths)
    for update in 0..<2 {
      if update > 0 {
        policy.move(by: 0.1)
        packed.refresh()
      }
      let answers = try #require(
        try generator.answers(to: prompts, count: count, RolloutRandom(seed: 1, step: update)))
      #expect(answers.count == prompts.count * count)
      let rows = answers.map { PolicyRow(prompt: prompts[$0.prompt], $0) }
      #expect(rows.contains { $0.length > 64 })
      for isForwardOnly in [true, false] {
        let trained = try policy.trained(rows, isForwardOnly: isForwardOnly)
        for (index, row) in rows.enumerated() {
          let worst = zip(row.old, trained[index]).map { abs($0 - $1) }.max() ?? .nan
          #expect(
            worst == 0,
            "\(what), update \(update), prompt of \(prompts[answers[index].prompt].count), answer of \(row.length): \(worst)"
          )
        }
      }
    }
  }

  @Test("neither batches nor threads decide what answers say", arguments: TrainingPrecision.allCases)
  func invariance(_ precision: TrainingPrecision) throws {
    var expected: [Rollout]?
    for (threads, atOnce) in [(1, 1), (2, 3), (3, 40)] {
      let policy = try TinyPolicy("llama", precision, context: 160, threads: threads)
      let generator = try policy.generator(policy.packed(), atOnce: atOnce, tokens: 40)
      let answers = try #require(
        try generator.answers(to: policy.prompts([3, 70, 20]), count: 7, RolloutRandom(seed: 9, step: 4)))
      if let expected { #expect(answers == expected, "\(threads) threads, \(atOnce) at once") }
      expected = answers
    }
    #expect(Set(try #require(expected).map(\.tokens)).count > 15)
  }

  @Test("an answer ends with an end, at its limit, or where the context does")
  func ends() throws {
    let policy = try TinyPolicy("llama", .f32, context: 64)
    let packed = try policy.packed()
    let generator = try policy.generator(packed, atOnce: 4, tokens: 20)
    let prompts = policy.prompts([10, 60])
    let answers = try #require(
      try generator.answers(to: prompts, count: 40, RolloutRandom(seed: 1, step: 0)))
    for answer in answers {
      let limit = answer.prompt == 0 ? 20 : 5
      #expect(answer.tokens.count == answer.logProbabilities.count && answer.tokens.count <= limit)
      let ended = answer.tokens.firstIndex { $0 == 2 || $0 == 5 }
      #expect(answer.isEnded == (ended != nil))
      #expect(ended.map { $0 == answer.tokens.count - 1 } ?? (answer.tokens.count == limit))
      #expect(answer.text.count == answer.tokens.count - (answer.isEnded ? 1 : 0))
    }
    #expect(answers.contains(where: \.isEnded) && answers.contains { !$0.isEnded })
    var asked = 0
    let stopped = try generator.answers(to: prompts, count: 40, RolloutRandom(seed: 1, step: 0)) { _ in
      asked += 1
      return asked < 5
    }
    #expect(stopped == nil && asked == 5)
    // What was dropped leaves no trace.
    #expect(try generator.answers(to: prompts, count: 40, RolloutRandom(seed: 1, step: 0)) == answers)
  }

  @Test("temperature 0 takes the likeliest token each time")
  func greedy() throws {
    let policy = try TinyPolicy("llama", .f32, context: 64)
    let packed = try policy.packed()
    let generator = try policy.generator(packed, atOnce: 4, tokens: 12)
    let answers = try #require(
      try generator.answers(
        to: policy.prompts([9]), count: 3, temperature: 0, RolloutRandom(seed: 1, step: 0)))
    #expect(answers[0].tokens == answers[1].tokens && answers[1].tokens == answers[2].tokens)
  }
}

@Suite struct TokenDrawTests {
  private let kernels: KernelTable

  init() throws {
    kernels = try ApusTrainingTests.runtime(threads: 1).cpu.table
  }

  @Test("tokens are drawn as often as they are likely", arguments: [1.0, 0.5, 2.0])
  func frequencies(_ temperature: Double) {
    // More than a tile, with weight in several of them.
    let count = 9000
    let likely: [(Int, Float)] = [(0, 2), (255, 3), (256, 1), (4095, 2.5), (4096, 3), (8999, 2)]
    var logits = [Float](repeating: -40, count: count)
    for (token, logit) in likely { logits[token] = logit }
    let total = likely.reduce(0.0) { $0 + exponential(Double($1.1) / temperature) }
    let draws = 20_000
    var outcomes = Array(repeating: TokenDraw.Outcome(), count: draws)
    let random = RolloutRandom(seed: 5, step: 0)
    outcomes.withUnsafeMutableBufferPointer { outcomes in
      logits.withUnsafeMutableBufferPointer {
        TokenDraw(vocabulary: count, temperature: temperature, kernels: kernels).draw(
          $0.baseAddress!, into: outcomes
        ) { random.uniform(prompt: 0, number: $0, position: 0) }
      }
    }
    for (token, logit) in likely {
      let expected = exponential(Double(logit) / temperature) / total
      let found = outcomes.filter { $0.token == token }
      // Five standard deviations, seed 5.
      let slack = 5 * (expected * (1 - expected) / Double(draws)).squareRoot()
      #expect(abs(Double(found.count) / Double(draws) - expected) < slack, "\(token): \(found.count)")
      for outcome in found.prefix(1) {
        #expect(abs(exponential(Double(outcome.logProbability)) - expected) < 1e-6)
      }
    }
    #expect(outcomes.allSatisfy { outcome in likely.contains { $0.0 == Int(outcome.token) } })
  }

  @Test("the ends of the unit interval are tokens, too", arguments: [0, 1 - 0x1p-53])
  func edges(_ uniform: Double) {
    var logits: [Float] = [-.infinity, 1, 2, -.infinity, 0.5, -.infinity]
    var outcomes = [TokenDraw.Outcome()]
    outcomes.withUnsafeMutableBufferPointer { outcomes in
      logits.withUnsafeMutableBufferPointer {
        TokenDraw(vocabulary: 6, temperature: 1, kernels: kernels).draw($0.baseAddress!, into: outcomes) {
          _ in
          uniform
        }
      }
    }
    #expect(outcomes[0].token == (uniform == 0 ? 1 : 4))
  }
}
