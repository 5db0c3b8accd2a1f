// Losses of policies against PyTorch, their slopes against finite differences, and by hand.

import ApusBasics
import ApusModels
import ApusRuntime
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

/// e to the x.
func exponential(_ x: Double) -> Double { exp(x) }

@Suite struct GRPOTests {
  @Test("advantages are what is above the group's mean")
  func advantages() {
    #expect(GRPO.advantages([1, 3], isScaled: false) == [-1, 1])
    let scaled = GRPO.advantages([1, 3])
    #expect(abs(scaled[1] - 1 / (2.0.squareRoot() + 1e-4)) < 1e-12 && scaled[0] == -scaled[1])
    for rewards in [[], [5], [2, 2, 2], [0.1, 0.1]] {
      #expect(GRPO.advantages(rewards).allSatisfy { $0 == 0 }, "\(rewards)")
    }
  }

  @Test(
    "what is clipped teaches nothing",
    arguments: [(1.0, 1.3, true), (1.0, 0.7, false), (-1.0, 0.7, true), (-1.0, 1.3, false)])
  func clipping(_ advantage: Double, _ ratio: Double, _ isClipped: Bool) {
    let token = PPO(clipLow: 0.2, clipHigh: 0.2).token(
      logProbability: log(ratio) - 1, old: -1, advantage: advantage)
    #expect(token.isClipped == isClipped && (token.slope == 0) == isClipped)
    #expect(abs(token.ratio - ratio) < 1e-12)
    let bound = isClipped ? (advantage > 0 ? 1.2 : 0.8) : ratio
    #expect(abs(token.loss + bound * advantage) < 1e-12)
  }

  @Test("slopes are those of the losses", arguments: KLEstimator.allCases, [-1.5, 0, 0.7])
  func slopes(_ estimator: KLEstimator, _ advantage: Double) {
    let objective = GRPO(PPO(clipLow: 0.2, clipHigh: 0.3), kl: 0.25, estimator: estimator)
    for (old, reference) in [(-1.0, -2.0), (-3.0, -0.5), (-1.55, -1.5)] {
      for logProbability in [-3.0, -1.6, -1.2, -0.1] {
        func loss(_ x: Double) -> Double {
          objective.token(logProbability: x, old: old, reference: reference, advantage: advantage).token.loss
        }
        let slope = objective.token(
          logProbability: logProbability, old: old, reference: reference, advantage: advantage
        ).token.slope
        let h = 1e-6
        let difference = (loss(logProbability + h) - loss(logProbability - h)) / (2 * h)
        #expect(abs(slope - difference) < 1e-6 * max(1, abs(slope)), "\(old) \(reference) \(logProbability)")
      }
    }
  }

  @Test("a token that was given up does not make numbers that are none")
  func extremes() {
    let objective = GRPO(PPO(clipLow: 0.2, clipHigh: 0.2), kl: 0.1)
    for (new, old, reference) in [(-900.0, -1.0, -1.0), (-1.0, -900.0, -900.0), (0.0, 0.0, 0.0)] {
      for advantage in [-2.0, 2.0] {
        let (token, kl) = objective.token(
          logProbability: new, old: old, reference: reference, advantage: advantage)
        #expect(token.loss.isFinite && token.slope.isFinite && kl.isFinite && kl >= 0)
      }
    }
  }

  @Test("losses and gradients are PyTorch's", arguments: ["grpo", "grpo-token", "grpo-longest"])
  func torch(_ name: String) throws {
    let folder = Fixtures.path("policies")
    let json = try JSONValue(parsing: #require(readFile("\(folder)/\(name).json")))
    let lines = try JSONValue(parsing: #require(readFile("\(folder)/rows.json"))).array!
    let floats = try #require(readFile("\(folder)/\(name).f32")).withUnsafeBytes {
      Array($0.assumingMemoryBound(to: Float.self))
    }
    let runtime = try runtime(threads: 2)
    let source = try ModelFiles(ModelFixture("llama").file()).source
    let network = try Network(PrecisionSource(base: source, precision: .f32))
    let options = TrainingEngineOptions(tokens: 48, sequences: 4, contextLength: 24)
    let graph = try TrainingEngine.graph(network, options)
    let weights = try TrainableWeights(graph, precision: .f32)
    try weights.load(from: source)
    let engine = try TrainingEngine(network, graph, weights, options, runtime)

    func numbers(_ value: JSONValue?) -> [Double] { value!.array!.map { $0.double! } }
    var rows = lines.map { line in
      var rollout = Rollout(prompt: 0, number: 0)
      rollout.tokens = numbers(line["answer"]).map { Int32($0) }
      rollout.logProbabilities = Array(repeating: 0, count: rollout.tokens.count)
      var row = PolicyRow(prompt: numbers(line["prompt"]).map { Int32($0) }, rollout)
      (row.old, row.reference) = (numbers(line["old"]), numbers(line["reference"]))
      return row
    }
    let current = engine.measure(rows).map(\.logProbabilities)
    let objective = GRPO(
      PPO(clipLow: json["clip"]!.double!, clipHigh: json["clipHigh"]!.double!), kl: json["kl"]!.double!,
      estimator: try #require(KLEstimator(rawValue: json["klEstimator"]!.string!)))
    let average = try #require(PolicyAverage(rawValue: json["average"]!.string!))
    let rewards = lines.map { $0["reward"]!.double! }
    let isScaled = json["advantage"]!.string! == "standardized"
    let advantages = stride(from: 0, to: 9, by: 3).flatMap {
      GRPO.advantages(Array(rewards[$0..<$0 + 3]), isScaled: isScaled)
    }
    let tokens = Double(rows.reduce(0) { $0 + $1.length })
    var loss = 0.0
    var clipped = 0
    for index in rows.indices {
      let weight = GRPO.tokenWeight(
        average, length: rows[index].length, answers: Double(rows.count), tokens: tokens,
        longest: json["longest"]!.int!)
      for place in 0..<rows[index].length {
        let (token, _) = objective.token(
          logProbability: current[index][place], old: rows[index].old[place],
          reference: rows[index].reference[place], advantage: advantages[index])
        loss += weight * token.loss
        clipped += token.isClipped ? 1 : 0
        rows[index].weights[rows[index].start + place] = Float(-weight * token.slope)
      }
    }
    #expect(abs(loss - json["loss"]!.double!) < 1e-5, "loss \(loss), not \(json["loss"]!.double!)")
    #expect(clipped > 0)
    for (number, range) in PolicyMicroBatches(rows, options).ranges.enumerated() {
      engine.begin(startsGradients: number == 0)
      for row in rows[range] { engine.add(row) }
      _ = engine.run()
    }
    var start = 0
    for entry in json["tensors"]!.array! {
      let tensor = GradientFixture.Tensor(entry, floats[start...])
      start += tensor.elements.count
      let own = try #require(weights.tensor(tensor.name))
      let errors = tensor.errors(
        of: Array(UnsafeBufferPointer(start: weights.gradient(own), count: own.count)))
      #expect(errors.worst <= 1e-4, "\(tensor.name): \(errors)")
    }
    #expect(start == floats.count)
  }
}
