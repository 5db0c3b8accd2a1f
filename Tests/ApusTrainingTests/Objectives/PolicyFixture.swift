// Answers with their rewards, and the loss and gradients of learning from them by PyTorch: made by policies.py in
// Tests/Fixtures, whose head says what is in the files. The network is here, too, ready to learn.

import ApusBasics
import ApusModels
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

/// A case of policies.py.
struct PolicyFixture {
  /// How is learned from the answers.
  let policy: TrainingConfiguration.Policy
  /// The most tokens an answer might have had.
  let longest: Int
  /// Whether the answers are to be taken as drawn by the network as it is.
  let isFirst: Bool
  /// The rows of the update.
  let learned: [Int]
  let engine: TrainingEngine
  /// All answers, three to a prompt, with what was known of them when they were drawn.
  var rows: [PolicyRow]
  private let loss: Double
  private let gradients: [GradientFixture.Tensor]

  init(_ name: String, heads: NetworkHeads = .tokens) throws {
    let folder = Fixtures.path("policies")
    let json = try JSONValue(parsing: #require(readFile("\(folder)/\(name).json")))
    policy = try Self.policy(json)
    longest = json["longest"]!.int!
    isFirst = json["isFirst"]?.bool ?? false

    func numbers(_ value: JSONValue?) -> [Double] { value!.array!.map { $0.double! } }
    let lines = try JSONValue(parsing: #require(readFile("\(folder)/rows.json"))).array!
    rows = lines.enumerated().map { number, line in
      var rollout = Rollout(prompt: number / 3, number: number % 3)
      rollout.tokens = numbers(line["answer"]).map { Int32($0) }
      rollout.logProbabilities = Array(repeating: 0, count: rollout.tokens.count)
      var row = PolicyRow(
        prompt: numbers(line["prompt"]).map { Int32($0) }, rollout, reward: line["reward"]!.double!)
      (row.old, row.oldValues) = (numbers(line["old"]), numbers(line["oldValues"]))
      row.reference = numbers(line["reference"])
      return row
    }
    learned = json["learned"]?.array!.map { $0.int! } ?? Array(rows.indices)

    let file = try ModelFiles(ModelFixture("llama").file()).source
    let source =
      heads.hasScores
      ? ScoredWeights.of(file, hidden: try Network(file).configuration.hiddenSize, .normals(seed: 0)) : file
    let network = try Network(PrecisionSource(base: source, precision: .f32))
    var options = TrainingEngineOptions(tokens: 48, sequences: 4, contextLength: 24)
    options.heads = heads
    let graph = try TrainingEngine.graph(network, options)
    let weights = try TrainableWeights(graph, precision: .f32)
    try weights.load(from: source)
    engine = try TrainingEngine(network, graph, weights, options, runtime(threads: 2))

    loss = json["loss"]!.double!
    gradients = try GradientFixture.tensors(json, GradientFixture.floats("\(folder)/\(name)")[...])
  }

  private static func policy(_ json: JSONValue) throws -> TrainingConfiguration.Policy {
    var policy = TrainingConfiguration.Policy()
    (policy.clip, policy.clipHigh) = (json["clip"]!.double!, json["clipHigh"]!.double!)
    policy.kl = json["kl"]!.double!
    policy.klEstimator = try #require(KLEstimator(rawValue: json["klEstimator"]!.string!))
    let average: PolicyAverage = try #require(PolicyAverage(rawValue: json["average"]!.string!))
    policy.average = average
    policy.advantage = try #require(AdvantageScale(rawValue: json["advantage"]!.string!))
    policy.gamma = json["gamma"]?.double ?? policy.gamma
    policy.lambda = json["lambda"]?.double ?? policy.lambda
    policy.valueWeight = json["valueWeight"]?.double ?? policy.valueWeight
    policy.valueClip = json["valueClip"]?.double ?? policy.valueClip
    return policy
  }

  /// Learns from rows whose tokens count what they should, and compares.
  func check(_ rows: [PolicyRow], loss: Double) throws {
    #expect(abs(loss - self.loss) <= 1e-4 * abs(self.loss), "loss \(loss), not \(self.loss)")
    for (number, range) in PolicyMicroBatches(rows, engine.options).ranges.enumerated() {
      engine.begin(startsGradients: number == 0)
      for row in rows[range] { engine.add(row) }
      _ = engine.run()
    }
    for tensor in gradients {
      let own = try #require(engine.weights.tensor(tensor.name))
      let errors = tensor.errors(
        of: Array(UnsafeBufferPointer(start: engine.weights.gradient(own), count: own.count)))
      #expect(errors.worst <= 1e-4, "\(tensor.name): \(errors)")
    }
    // None is left out: each tensor that learns has a gradient to compare with.
    #expect(Set(gradients.map(\.name)) == Set(engine.weights.tensors.map(\.name)))
  }
}
