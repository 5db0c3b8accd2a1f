// Networks that score tokens: scores and gradients against transformers', and everything that must not change a bit.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct ScoreGradientTests {
  let runtime: Runtime

  init() throws {
    runtime = try Runtime(options: RuntimeOptions(threads: 2))
  }

  /// An engine on a fixture's weights; the head's are those of seed 0, as the fixture's.
  private func engine(
    _ name: String, _ heads: NetworkHeads, _ precision: TrainingPrecision = .f32, isForwardOnly: Bool = false,
    optimized: Bool = true, recomputing: RecomputationBudget = .none, runtime: Runtime? = nil
  ) throws -> TrainingEngine {
    let file = GGUFWeights(try ModelFixture(name).file())
    let hidden = try Network(file).configuration.hiddenSize
    let source = ScoredWeights.of(file, hidden: hidden, .normals(seed: 0))
    let network = try Network(PrecisionSource(base: source, precision: precision))
    let batch = try GradientBatch()
    var options = TrainingEngineOptions(
      tokens: batch.tokens.count, sequences: batch.segments.joined().count, contextLength: batch.length)
    (options.heads, options.isForwardOnly) = (heads, isForwardOnly)
    (options.optimized, options.recomputing) = (optimized, recomputing)
    let graph = try TrainingEngine.graph(network, options)
    let weights = try TrainableWeights(graph, precision: precision)
    try weights.load(from: source)
    return try TrainingEngine(network, graph, weights, options, runtime ?? self.runtime)
  }

  /// Runs the batch of all gradient fixtures, with the fixture's weights of scores.
  private func run(_ engine: TrainingEngine, scoreWeights: [Float]? = nil) throws -> Double {
    try GradientBatch().run(engine, scoreWeights: scoreWeights)
  }

  private func gradients(_ engine: TrainingEngine) -> [Float] {
    Array(UnsafeBufferPointer(start: engine.weights.gradients, count: engine.weights.floatCount))
  }

  @Test("scores, losses and gradients are transformers'", arguments: ScoreFixture.names)
  func torch(_ name: String) throws {
    let fixture = try ScoreFixture(name)
    let engine = try engine(name, fixture.hasTokens ? .both : .scores)
    let loss = try run(engine, scoreWeights: fixture.weights.map { $0 / Float(fixture.weights.count) })
    let expected = fixture.gradients
    #expect(abs(loss - expected.loss) <= 1e-5 * max(1, abs(expected.loss)), "\(loss), not \(expected.loss)")
    for (token, score) in fixture.tokenScores.enumerated() {
      #expect(abs(engine.score(ofToken: token) - score) <= 1e-4, "token \(token)")
    }
    #expect(Set(engine.weights.tensors.map(\.name)) == Set(expected.tensors.map(\.name)))
    for tensor in expected.tensors {
      let own = try #require(engine.weights.tensor(tensor.name), "\(tensor.name) has no gradient")
      let gradient = Array(UnsafeBufferPointer(start: engine.weights.gradient(own), count: own.count))
      let errors = tensor.errors(of: gradient)
      #expect(errors.worst <= 1e-4, "\(name), \(tensor.name): \(errors)")
    }
  }

  @Test(
    "one gradient for all plans", arguments: ["llama", "gemma2"],
    [TrainingPrecision.f32, .bf16])
  func invariance(_ name: String, _ precision: TrainingPrecision) throws {
    let weights = try ScoreFixture(name).weights
    for heads in [NetworkHeads.both, .scores] {
      let plain = try engine(name, heads, precision, optimized: false)
      _ = try run(plain, scoreWeights: weights)
      let expected = gradients(plain)
      for (recomputing, threads) in [(RecomputationBudget.none, 1), (.all, 3)] {
        var options = RuntimeOptions(threads: threads)
        options.oversubscribes = true
        let engine = try engine(
          name, heads, precision, recomputing: recomputing, runtime: Runtime(options: options))
        _ = try run(engine, scoreWeights: weights)
        let changed = zip(gradients(engine), expected).count { $0.bitPattern != $1.bitPattern }
        #expect(changed == 0, "\(name) \(heads) \(precision) \(recomputing), \(threads) threads")
      }
    }
  }

  /// Where no score counts, it is as if there were none: the same losses and the same gradients of all other weights.
  @Test("scores that count nothing change no bit")
  func nothing() throws {
    let (plain, scored) = (try engine("llama", .tokens), try engine("llama", .both))
    let losses = (try run(plain), try run(scored))
    #expect(losses.0.bitPattern == losses.1.bitPattern)
    for tensor in plain.weights.tensors {
      let other = try #require(scored.weights.tensor(tensor.name))
      for index in 0..<tensor.count {
        #expect(plain.weights.gradient(tensor)[index] == scored.weights.gradient(other)[index])
      }
    }
    let head = try #require(scored.weights.tensor(ScoreHead.weight))
    #expect((0..<head.count).allSatisfy { scored.weights.gradient(head)[$0] == 0 })
  }

  @Test("a forward pass has the bits of the one that learns", arguments: [NetworkHeads.both, .scores])
  func forward(_ heads: NetworkHeads) throws {
    let (learning, measuring) = (
      try engine("llama", heads), try engine("llama", heads, isForwardOnly: true)
    )
    let weights = try ScoreFixture("llama").weights
    #expect(try run(learning, scoreWeights: weights) == run(measuring, scoreWeights: weights))
    for token in weights.indices {
      #expect(learning.score(ofToken: token) == measuring.score(ofToken: token))
      guard heads.hasTokens else { continue }
      #expect(learning.loss(ofToken: token) == measuring.loss(ofToken: token))
    }
  }

  @Test("the head of tokens is still one with its loss")
  func fused() throws {
    let names = try engine("llama", .both).plan.graph.nodes.map(\.name)
    #expect(names.contains(LinearCrossEntropy.name))
    #expect(!names.contains(CrossEntropy.name))
    // A network of scores does without logits.
    let scores = try engine("llama", .scores)
    #expect(
      !scores.plan.graph.nodes.contains { [LinearCrossEntropy.name, CrossEntropy.name].contains($0.name) })
    #expect(scores.weights.tensor("output.weight") == nil)
  }

  @Test("a head begins with zeros or with small normals, and keeps what a file has")
  func starts() throws {
    let file = GGUFWeights(try ModelFixture("llama").file())
    let hidden = try Network(file).configuration.hiddenSize
    func head(_ source: any WeightSource) throws -> [Float] {
      let tensor = try #require(source.tensor(ScoreHead.weight))
      #expect(tensor.rows == 1 && tensor.columns == hidden && tensor.type == .f32)
      return TensorReader(source).values(tensor)
    }
    let zeros = ScoredWeights.of(file, hidden: hidden, .zeros)
    #expect(try head(zeros).allSatisfy { $0 == 0 })
    let normals = try head(ScoredWeights.of(file, hidden: hidden, .normals(seed: 3)))
    let deviation = (normals.reduce(0) { $0 + $1 * $1 } / Float(hidden)).squareRoot()
    #expect(abs(deviation * Float(hidden + 1).squareRoot() - 1) < 0.4, "seed 3: \(deviation)")
    #expect(try head(ScoredWeights.of(zeros, hidden: hidden, .normals(seed: 3))).allSatisfy { $0 == 0 })
  }
}
