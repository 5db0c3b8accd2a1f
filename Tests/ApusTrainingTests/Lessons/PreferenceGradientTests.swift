// Each objective's loss and gradient of a small network against PyTorch's, which knows nothing of two passes.

import ApusBasics
import ApusModels
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusData
@testable import ApusTraining

@Suite struct PreferenceGradientTests {
  private let runtime: Runtime

  init() throws {
    runtime = try Runtime(options: RuntimeOptions(threads: 2))
  }

  private static let length = 32

  private static func configuration(_ fixture: PreferenceFixture) throws -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    let settings = fixture.settings
    configuration.objective = try #require(TrainingObjective(rawValue: settings["objective"]!.string!))
    var preference = JSONObject()
    for name in ["beta", "labelSmoothing", "simpoMargin", "desirableWeight", "undesirableWeight"] {
      preference[name] = settings[name]
    }
    try configuration.read(.members(["preference": .object(preference)]))
    return configuration
  }

  private static func dataset(_ objective: TrainingObjective) throws -> PreferenceDataset {
    var answers = PreferenceAnswers()
    for row in try PreferenceFixture.rows() {
      for answer in objective == .kto ? [row.chosen] : [row.chosen, row.rejected] {
        answers.add(
          (row.prompt + answer)[...],
          (row.prompt.map { _ in false } + answer.map { _ in true })[...])
      }
      answers.isDesirable.append(row.isDesirable)
    }
    return PreferenceDataset(
      answers, objective == .kto ? .singles : .pairs, length: length, vocabularySize: 320, name: "rows")
  }

  @Test("losses and gradients are PyTorch's", arguments: PreferenceFixture.names, [1, 4])
  func gradients(_ name: String, micro: Int) throws {
    let fixture = try PreferenceFixture(name)
    let configuration = try Self.configuration(fixture)
    let dataset = try Self.dataset(configuration.objective)
    let feed = PreferenceFeed(dataset, micro: micro, length: Self.length)
    let source = GGUFWeights(try ModelFixture("llama").file())
    let network = try Network(PrecisionSource(base: source, precision: .f32))
    let options = TrainingEngineOptions(
      tokens: 2 * micro * Self.length, sequences: 2 * micro, contextLength: Self.length)
    let graph = try TrainingEngine.graph(network, options)
    let weights = try TrainableWeights(graph, precision: .f32)
    try weights.load(from: source)
    let learning = try TrainingEngine(network, graph, weights, options, runtime)
    let forward = try TrainingEngine(
      network, TrainingEngine.graph(network, options.forwardOnly), weights, options.forwardOnly, runtime)

    let lesson = PreferenceLesson(
      PreferencePlan(dataset, seed: 0, shuffles: false), PreferenceObjective(configuration), feed,
      sequences: dataset.count, forward, ReferenceLogProbabilities(dataset, sums: fixture.reference),
      RankGroup(SingleProcess()))
    lesson.begin(step: 0, cursor: 0, rows: dataset.count)
    try lesson.prepare(update: 0)
    for (own, expected) in zip(lesson.logProbabilities, fixture.policy) {
      #expect(abs(own - expected) <= 1e-5 * abs(expected), "\(name): log p \(own), not \(expected)")
    }
    for microBatch in 0..<lesson.microBatches {
      learning.begin(startsGradients: microBatch == 0)
      lesson.add(microBatch, to: learning, total: lesson.weight)
      _ = learning.run()
    }
    let loss = lesson.loss(StepOutcome(loss: 0, tokens: 0, gradientNorm: 0))
    #expect(abs(loss - fixture.loss) <= 1e-5 * fixture.loss, "\(name): loss \(loss), not \(fixture.loss)")
    for tensor in fixture.tensors {
      let own = try #require(weights.tensor(tensor.name), "\(tensor.name) has no gradient")
      let gradient = Array(UnsafeBufferPointer(start: weights.gradient(own), count: own.count))
      let errors = tensor.errors(of: gradient)
      #expect(errors.worst <= 1e-4, "\(name), \(tensor.name): \(errors)")
    }
  }
}
