// 50 steps of supervised fine-tuning beside PyTorch: the same documents, kinds of tokens and weights, described at the head
// of Tests/Fixtures/conversations.py.

import ApusBasics
import ApusData
import ApusGraph
import ApusModels
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct FineTuningCurveTests {
  @Test(
    "losses on the assistant's tokens are PyTorch's", arguments: ["assistant", "weighted"], [1, 2])
  func losses(_ name: String, _ micro: Int) throws {
    let fixture = try JSONValue(parsing: #require(readFile(Fixtures.path("conversations/curve.json"))))
    let curve = fixture["curves"]![name]!
    let weights = curve["weights"]!.array!.map { Float($0.double!) }
    let expected = curve["losses"]!.array!.map { $0.double! }
    let length = 32
    let documents = fixture["documents"]!.array!.map { $0.array!.map { Int32($0.int!) } }
    let kinds = try fixture["kinds"]!.array!.map {
      try $0.array!.map { try #require(ConversationPart(rawValue: UInt8($0.int!))) }
    }
    var ends: [Int] = []
    for document in documents { ends.append((ends.last ?? 0) + document.count) }
    let dataset = try TokenDataset(
      tokens: documents.flatMap { $0 }, documentEnds: ends, vocabularySize: 320, kinds: kinds.flatMap { $0 })
    var settings = BatchSettings(
      mode: .documents, sequences: 1, length: length,
      weights: TokenWeights(prompt: weights[0], answer: weights[1], reasoning: weights[2]))
    // A step is an epoch, in whatever order its rows come.
    settings.sequences = try BatchPlan(dataset, settings).rowsPerEpoch
    let plan = try BatchPlan(dataset, settings)
    #expect(plan.mostSegments > 1 && plan.paddingPerEpoch > 0 && plan.rowsPerEpoch > 2)
    let feed = BatchFeed(plan, sequences: settings.sequences, micro: micro)
    let learner = try learner(fixture, tokens: micro * length, sequences: micro * plan.mostSegments, length)
    var worst = 0.0
    for (step, loss) in expected.enumerated() {
      feed.read(from: step * settings.sequences, rows: settings.sequences)
      let outcome = try learner.step(
        number: step + 1, learningRate: fixture["rate"]!.double!, clip: fixture["clip"]!.double!,
        microBatches: feed.microBatches
      ) { feed.add($0, to: $1, total: feed.weight) }
      worst = max(worst, abs(outcome.loss - loss) / loss)
    }
    #expect(expected.count == 50 && worst <= 1e-4, "\(name): within \(worst)")
  }

  private func learner(_ fixture: JSONValue, tokens: Int, sequences: Int, _ length: Int) throws -> Learner {
    let runtime = try Runtime(options: RuntimeOptions(threads: 2))
    let source = GGUFWeights(try ModelFixture(fixture["network"]!.string!).file())
    let network = try Network(PrecisionSource(base: source, precision: .f32))
    let options = TrainingEngineOptions(tokens: tokens, sequences: sequences, contextLength: length)
    let graph = try TrainingEngine.graph(network, options)
    let weights = try TrainableWeights(graph, precision: .f32)
    try weights.load(from: source)
    let shrink = Float(fixture["shrink"]!.double!)
    for tensor in weights.tensors where tensor.rows > 1 {
      for index in 0..<tensor.count { weights.master(tensor)[index] /= shrink }
    }
    var settings = AdamWSettings()
    let betas = fixture["betas"]!.array!.map { $0.double! }
    (settings.beta1, settings.beta2) = (betas[0], betas[1])
    (settings.epsilon, settings.weightDecay) = (fixture["epsilon"]!.double!, fixture["weightDecay"]!.double!)
    let engine = try TrainingEngine(network, graph, weights, options, runtime)
    let optimizer = try OptimizerEngine(
      .adamW(settings),
      tensors: Learner.tensors(weights.tensors, masters: weights.masters, gradients: weights.gradients),
      workers: runtime.workers, cpu: runtime.cpu.table)
    return Learner(engine, optimizer)
  }
}
