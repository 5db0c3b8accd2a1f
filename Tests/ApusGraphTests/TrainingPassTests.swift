// A network in training gives the same bits, losses and gradients alike, with and without passes, whatever is made again
// instead of being kept, and however many workers share it.

import ApusRuntime
import ApusTensor
import Testing

@testable import ApusGraph

@Suite struct TrainingPassTests {
  /// A way to run the same graph.
  struct Variant: Sendable, CustomStringConvertible {
    let workers: Int
    var fuses = true
    var recomputing = RecomputationBudget.none
    var description: String {
      "\(workers) workers, \(fuses ? "passes" : "no passes"), recomputing \(recomputing)"
    }
  }

  private static let variants =
    (1...3).flatMap { [Variant(workers: $0, fuses: false), Variant(workers: $0)] } + [
      Variant(workers: 2, recomputing: .all), Variant(workers: 3, recomputing: .fitting(500_000)),
      Variant(workers: 1, fuses: false, recomputing: .all),
    ]

  @Test(
    "neither passes nor workers nor recomputation change a bit", arguments: [SmallNetwork.gpt, .llama],
    [TensorType.f32, .bf16])
  func bits(_ network: SmallNetwork, _ type: TensorType) throws {
    let graph = try network.graph(type)
    let weights = network.weights(graph)
    var first: [String: [Float]]?
    for variant in Self.variants {
      var options = RuntimeOptions(threads: variant.workers)
      options.oversubscribes = true
      let run = try KernelRun(
        graph, passes: variant.fuses ? trainingPasses : nil, SmallNetwork.step, weights: weights,
        cache: network.cache, recomputing: variant.recomputing, try Runtime(options: options))
      if variant.recomputing != .none { #expect(run.plan.changes.last?.count ?? 0 > 0, "\(variant)") }
      run.run(SmallNetwork.step)
      var found = Dictionary(uniqueKeysWithValues: weights.keys.map { ($0, run.gradient($0)) })
      found["losses"] = run.result
      let expected = first ?? found
      first = expected
      for (name, values) in found.sorted(by: { $0.key < $1.key }) {
        let different = values.indices.first { values[$0].bitPattern != expected[name]![$0].bitPattern }
        #expect(different == nil && values.allSatisfy(\.isFinite), "\(name)[\(different ?? 0)]: \(variant)")
      }
    }
  }

  @Test("the passes find something to fuse", arguments: [SmallNetwork.gpt, .llama])
  func fused(_ network: SmallNetwork) throws {
    var graph = try network.graph(.f32)
    let counts = Dictionary(uniqueKeysWithValues: graph.optimize(trainingPasses).map { ($0.name, $0.count) })
    #expect(counts["fuse-loss"] == 1)
    #expect(counts["fuse-residual"] ?? 0 >= 2)
    #expect(network.description == "Llama" || counts["fuse-bias"] ?? 0 >= 3)
  }

  /// Bounds add up to nothing useful over a whole network. How far f32 may be off there the reference itself shows, when
  /// it is computed in Float; kernels may be a few times worse on one tensor, and are mostly better.
  @Test("a network's gradients are its reference's", arguments: [SmallNetwork.gpt, .llama])
  func reference(_ network: SmallNetwork) throws {
    let graph = try network.graph(.f32)
    let weights = network.weights(graph)
    let runtime = try Runtime(options: RuntimeOptions(threads: 1))
    let step = ReferenceStep(lengths: [6, 3])
    let run = try KernelRun(
      graph, passes: trainingPasses, step, weights: weights, cache: network.cache, runtime)
    run.run(step)
    var double = ReferenceExecutor(run.plan.graph, weights: weights)
    double.run(step)
    var float = ReferenceExecutor(run.plan.graph, weights: weights.mapValues { $0.converted(to: Float.self) })
    float.run(step)
    for (name, exact) in double.gradients {
      func error(_ floats: [Float]) -> Double {
        zip(floats, exact.values).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
      }
      let (own, allowed) = (error(run.gradient(name)), 4 * error(try #require(float.gradients[name]).values))
      #expect(own <= allowed, "\(name): off by \(own), in Float by \(allowed / 4)")
    }
  }
}
