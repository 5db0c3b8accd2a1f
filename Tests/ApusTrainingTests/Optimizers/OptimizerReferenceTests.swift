// Every optimiser against PyTorch, transformers or the paper in float64, twenty steps (Tests/Fixtures/optimizers.py).

import ApusBasics
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

/// optimizers.json.
enum LearningFixture {
  static let value: JSONValue = {
    guard let bytes = readFile(Fixtures.path("optimizers.json")),
      let value = try? JSONValue(parsing: bytes)
    else { fatalError("optimizers.json cannot be read") }
    return value
  }()

  static func entry(_ list: String, _ name: String) -> JSONValue {
    guard let entry = value[list]?.array?.first(where: { $0["name"]?.string == name }) else {
      fatalError("optimizers.json has no \(name)")
    }
    return entry
  }
}

@Suite struct OptimizerReferenceTests {
  /// A case of the fixture: the settings, and by how many roundings of the largest gradient an update may be off.
  struct Case: CustomStringConvertible, Sendable {
    let description: String
    let kind: OptimizerKind
    var scale: Float = 1
    /// Error of an update in units of 2⁻²⁴ · rate, after `step` steps.
    let roundings: @Sendable (_ step: Double) -> Double
  }

  /// Adaptive updates are about 1, their numerator carries three roundings of gradients up to ten times its root for each
  /// of the ten steps it remembers, the root two for each step: 300 + 4 t, doubled. Sums of t gradients of momentum 0.9
  /// stay below 10, with three roundings a step for ten steps. Newton and Schulz multiply an early rounding by up to a⁵ = 485,
  /// of sums of up to ten terms with three operations each.
  static let cases: [Case] = {
    var adam = AdamWSettings()
    adam.beta2 = 0.95
    adam.epsilon = 0x1p-10
    adam.weightDecay = 0.1
    let adaptive: @Sendable (Double) -> Double = { 2 * (300 + 4 * $0) }
    var plain = SGDSettings()
    plain.momentum = 0
    plain.weightDecay = 0.1
    var momentum = plain
    momentum.momentum = 0.9
    var nesterov = momentum
    nesterov.nesterov = true
    let sums: @Sendable (Double) -> Double = { _ in 300 }
    var factors = AdafactorSettings()
    factors.weightDecay = 0.1
    var withMomentum = factors
    withMomentum.beta1 = 0.9
    withMomentum.scalesByWeights = false
    var muon = MuonSettings()
    muon.precision = .f32
    var original = muon
    original.scale = .original
    original.nesterov = false
    let iterated: @Sendable (Double) -> Double = { _ in 485 * 30 }
    return [
      Case(description: "adamw", kind: .adamW(adam), roundings: adaptive),
      Case(description: "adamw scaled", kind: .adamW(adam), scale: 0.25, roundings: adaptive),
      Case(description: "sgd", kind: .sgd(plain), roundings: sums),
      Case(description: "momentum", kind: .sgd(momentum), roundings: sums),
      Case(description: "nesterov", kind: .sgd(nesterov), roundings: sums),
      Case(description: "lion", kind: .lion(LionSettings()), roundings: { _ in 4 }),
      Case(description: "adafactor", kind: .adafactor(factors), roundings: adaptive),
      Case(description: "adafactor with momentum", kind: .adafactor(withMomentum), roundings: adaptive),
      Case(description: "muon", kind: .muon(muon, rest: AdamWSettings()), roundings: iterated),
      Case(description: "muon original", kind: .muon(original, rest: AdamWSettings()), roundings: iterated),
    ]
  }()

  @Test("no case of the fixture is forgotten")
  func complete() {
    let names = LearningFixture.value["optimizers"]?.array?.compactMap { $0["name"]?.string }
    #expect(names == Self.cases.map(\.description))
  }

  @Test(arguments: cases)
  func twentySteps(_ test: Case) throws {
    let fixture = LearningFixture.entry("optimizers", test.description)
    let base = try #require(fixture["rate"]?.double)
    let steps = try #require(fixture["steps"]?.array)
    let count = try #require(steps.first?["weights"]?.array?.count)
    let memory = TestTensors(
      Array(
        [
          TestTensors.Shape(rows: 6, columns: 10), TestTensors.Shape(rows: 9, columns: 4),
          TestTensors.Shape(rows: 1, columns: 13, kind: .vector),
        ].prefix(count)))
    let pool = try WorkerPool(count: 2, processors: 2)
    let engine = try OptimizerEngine(test.kind, tensors: memory.tensors, workers: pool, cpu: try kernels())
    for step in 1...20 {
      memory.setGradients(step: step)
      try engine.step(
        number: step, learningRate: base * Double(1 + step % 3), gradientScale: test.scale)
      guard let saved = steps.first(where: { $0["step"]?.int == step })?["weights"]?.array else { continue }
      for (tensor, expected) in saved.enumerated() {
        let expected = try #require(expected.array).compactMap(\.double)
        let found = memory.weights(tensor)
        #expect(found.count == expected.count)
        // Two roundings of the weight a step, and those of the update at up to three times the rate.
        let bound = 0x1p-24 * Double(step) * (2 * 1.5 + 3 * base * test.roundings(Double(step)))
        let error = zip(found, expected).map { abs(Double($0) - $1) }.max()!
        #expect(error <= bound, "\(test), step \(step), tensor \(tensor): \(error) of \(bound)")
      }
    }
  }
}
