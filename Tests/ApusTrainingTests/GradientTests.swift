// Every architecture's loss and gradients against transformers': the same weights, the same packed batch.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct GradientTests {
  let runtime: Runtime

  init() throws {
    runtime = try Runtime(options: RuntimeOptions(threads: 2))
  }

  @Test("gradients are transformers'", arguments: GradientFixture.names)
  func gradients(_ name: String) throws {
    let fixture = try GradientFixture(name)
    let engine = try engine(fixture)
    let loss = try run(engine)
    #expect(abs(loss - fixture.loss) <= 1e-5 * fixture.loss, "\(name): loss \(loss), not \(fixture.loss)")
    for tensor in fixture.tensors {
      let own = try #require(engine.weights.tensor(tensor.name), "\(tensor.name) has no gradient")
      let gradient = Array(
        UnsafeBufferPointer(start: engine.weights.gradient(own), count: own.count))
      let errors = tensor.errors(of: gradient)
      #expect(errors.worst <= 1e-4, "\(name), \(tensor.name): \(errors)")
    }
  }

  /// Everything that must not change a bit: the passes, what is made again, the number of workers.
  @Test(
    "one gradient for all plans", arguments: ["gpt2", "llama", "gemma2", "phi3-window"],
    TrainingPrecision.allCases)
  func invariance(_ name: String, _ precision: TrainingPrecision) throws {
    let fixture = try GradientFixture(name)
    let expected = try gradients(engine(fixture, precision, optimized: false))
    for recomputing in [RecomputationBudget.none, .fitting(300_000), .all] {
      for threads in [1, 2, 3] {
        var runtimeOptions = RuntimeOptions(threads: threads)
        runtimeOptions.oversubscribes = true
        let engine = try engine(
          fixture, precision, recomputing: recomputing, runtime: Runtime(options: runtimeOptions))
        let changed = zip(try gradients(engine), expected).filter { $0.bitPattern != $1.bitPattern }
        #expect(changed.isEmpty, "\(name) \(precision) \(recomputing), \(threads) threads: \(changed.count)")
      }
    }
  }

  @Test("what is made again takes less memory")
  func recomputation() throws {
    let fixture = try GradientFixture("gpt2")
    let (kept, again) = (try engine(fixture), try engine(fixture, recomputing: .all))
    #expect(again.plan.memory.byteCount < kept.plan.memory.byteCount * 9 / 10)
    let budget = (kept.plan.memory.byteCount + again.plan.memory.byteCount) / 2
    let fitting = try engine(fixture, recomputing: .fitting(budget))
    #expect(fitting.plan.memory.byteCount <= budget)
    let repeated = { (engine: TrainingEngine) in
      engine.plan.changes.last { $0.name == "recompute" }?.count ?? 0
    }
    #expect(0 < repeated(fitting) && repeated(fitting) < repeated(again))
  }

  /// A run's gradients, one after the other.
  private func gradients(_ engine: TrainingEngine) throws -> [Float] {
    _ = try run(engine)
    return Array(UnsafeBufferPointer(start: engine.weights.gradients, count: engine.weights.floatCount))
  }

  func engine(
    _ fixture: GradientFixture, _ precision: TrainingPrecision = .f32, optimized: Bool = true,
    recomputing: RecomputationBudget = .none, runtime: Runtime? = nil
  ) throws -> TrainingEngine {
    let source = GGUFWeights(try ModelFixture(fixture.network).file())
    let network = try Network(PrecisionSource(base: source, precision: precision))
    let batch = try GradientBatch()
    var options = TrainingEngineOptions(
      tokens: batch.tokens.count, sequences: batch.segments.joined().count, contextLength: batch.length)
    options.loss = LossOptions(labelSmoothing: fixture.labelSmoothing, zLoss: fixture.zLoss)
    options.optimized = optimized
    options.recomputing = recomputing
    let graph = try TrainingEngine.graph(network, options)
    let weights = try TrainableWeights(graph, precision: precision)
    try weights.load(from: source)
    return try TrainingEngine(network, graph, weights, options, runtime ?? self.runtime)
  }

  func run(_ engine: TrainingEngine) throws -> Double { try GradientBatch().run(engine) }
}

extension GradientBatch {
  /// Runs the batch; the mean loss, with what the scores of tokens add where they count.
  func run(_ engine: TrainingEngine, scoreWeights: [Float]? = nil) -> Double {
    var total = 0.0
    for token in tokens.indices where targets[token] >= 0 { total += Double(weights[token]) }
    let shares = weights.map { Float(Double($0) / total) }
    engine.begin(startsGradients: true)
    var first = 0
    for length in segments.joined() {
      let range = first..<first + length
      first += length
      tokens[range].withUnsafeBufferPointer { tokens in
        targets[range].withUnsafeBufferPointer { targets in
          shares[range].withUnsafeBufferPointer { shares in
            guard let scoreWeights else {
              return engine.add(tokens, targets: targets, weight: 0, weights: shares)
            }
            scoreWeights[range].withUnsafeBufferPointer {
              engine.add(tokens, targets: targets, weight: 0, weights: shares, scoreWeights: $0)
            }
          }
        }
      }
    }
    return engine.run()
  }
}
