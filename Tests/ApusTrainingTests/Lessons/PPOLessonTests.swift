// Runs with objective ppo: values are learned beside the policy, are kept by checkpoints, and are no part of the model.

import ApusBasics
import ApusModels
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct PPOLessonTests {
  private let tiny: TinyPolicyRun

  init() throws {
    tiny = try TinyPolicyRun()
  }

  @Test(
    "a stopped run goes on to the same bits",
    arguments: [
      ["policy.epochs=2", "policy.minibatches=2"], ["precision=bf16", "adapter.rank=4", "policy.kl=0"],
    ])
  func stopped(_ settings: [String]) throws {
    let configuration = try tiny.configuration(settings, objective: "ppo")
    try tiny.train(configuration, threads: 1)
    let whole = try tiny.run.files(after: 6)
    tiny.run.clear()
    for step in 1...6 { try tiny.train(configuration, until: step) }
    #expect(try tiny.run.files(after: 6) == whole)
  }

  @Test("rewards rise")
  func learns() throws {
    // A third of all tokens is worth something: where every answer is worth nothing, advantages are noise of the values alone.
    let reward = FunctionReward { answers in
      answers.map { answer in
        Double(answer.text.unicodeScalars.count { $0.value < 96 }) / Double(max(1, answer.tokenCount))
      }
    }
    var rewards: [Double] = []
    let configuration = try tiny.configuration(
      [
        "steps=30", "rollout.perPrompt=8", "optimizer.learningRate=0.003", "schedule.name=constant",
        "policy.epochs=2",
      ], objective: "ppo")
    try tiny.train(configuration, reward: reward) { event in
      if case .step(let record) = event.kind {
        rewards += record.figures.filter { $0.name == "reward" }.map(\.value)
      }
    }
    let (first, last) = (rewards.prefix(5).reduce(0, +) / 5, rewards.suffix(5).reduce(0, +) / 5)
    #expect(last > first + 0.15, "\(first) to \(last)")
  }

  @Test("values come to expect what is always paid")
  func values() throws {
    var losses: [Double] = []
    let configuration = try tiny.configuration(
      [
        "steps=20", "optimizer.learningRate=0.01", "schedule.name=constant", "policy.valueClip=0",
        "policy.valueWeight=0.5",
      ],
      objective: "ppo")
    try tiny.train(configuration, reward: FunctionReward { $0.map { _ in 1 } }) { event in
      if case .step(let record) = event.kind {
        losses += record.figures.filter { $0.name == "value loss" }.map(\.value)
      }
    }
    // Before anything is known values are 0 and the answer is worth 1.
    #expect(losses.count == 20 && losses[0] > 0.1 && losses[19] < losses[0] / 2, "\(losses)")
  }

  @Test("the model that is exported has no values")
  func export() throws {
    try tiny.train(tiny.configuration(["steps=1", "schedule.warmup=0"], objective: "ppo"))
    let model = try ModelFiles(tiny.run.directory + "/model")
    #expect(!model.source.has(ScoreHead.weight) && !model.isScorer)
    _ = try model.graph(model.network(), contextLength: 16)
  }

  @Test("a step's gradient is that of its loss, values and all")
  func gradient() throws {
    // The loss of a row by finite differences of two masters: one of the policy, one of the values' head.
    let source = try ModelFiles(ModelFixture("llama").file()).source
    let hidden = try Network(source).configuration.hiddenSize
    let scored = ScoredWeights.of(source, hidden: hidden, .normals(seed: 3))
    let network = try Network(PrecisionSource(base: scored, precision: .f32))
    var options = TrainingEngineOptions(tokens: 32, sequences: 4, contextLength: 16)
    options.heads = .both
    let graph = try TrainingEngine.graph(network, options)
    let weights = try TrainableWeights(graph, precision: .f32)
    try weights.load(from: scored)
    let engine = try TrainingEngine(network, graph, weights, options, runtime(threads: 2))
    var rollout = Rollout(prompt: 0, number: 0)
    (rollout.tokens, rollout.logProbabilities) = ([3, 9, 4], [-3, -2.5, -4])
    var row = PolicyRow(prompt: [1, 5, 7], rollout)
    let (surrogate, advantages, targets) = (PPO(clipLow: 5, clipHigh: 5), [1.0, -0.5, 2], [0.3, -1, 2])

    func loss(_ row: inout PolicyRow, writes: Bool) -> Double {
      let measured = engine.measure([row])[0]
      var sum = 0.0
      for place in 0..<3 {
        let token = surrogate.token(
          logProbability: measured.logProbabilities[place], old: row.old[place],
          advantage: advantages[place])
        let value = ValueLoss.value(measured.values[place], old: 0, target: targets[place], clip: nil)
        sum += token.loss + 0.5 * value.loss
        guard writes else { continue }
        row.weights[row.start + place] = Float(-token.slope)
        row.scoreWeights[row.start + place] = Float(0.5 * value.slopes)
      }
      return sum
    }
    _ = loss(&row, writes: true)
    engine.begin(startsGradients: true)
    engine.add(row)
    _ = engine.run()
    // Measuring adds to the gradients.
    let gradients = Array(UnsafeBufferPointer(start: weights.gradients, count: weights.floatCount))
    for name in [ScoreHead.weight, "output_norm.weight", "blk.0.attn_q.weight"] {
      let tensor = try #require(weights.tensor(name), "\(name)")
      for index in [0, tensor.count / 2, tensor.count - 1] {
        let slope = Double(gradients[tensor.offset + index])
        let before = weights.master(tensor)[index]
        let h: Float = 1e-2
        weights.master(tensor)[index] = before + h
        let above = loss(&row, writes: false)
        weights.master(tensor)[index] = before - h
        let below = loss(&row, writes: false)
        weights.master(tensor)[index] = before
        let difference = (above - below) / (2 * Double(h))
        #expect(
          abs(slope - difference) < 2e-3 * max(1, abs(slope)), "\(name) \(index): \(slope), \(difference)")
      }
    }
  }
}
