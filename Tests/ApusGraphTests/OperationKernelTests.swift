// Every operation's kernels, forward and backward, with and without passes, against the references. How far they may be
// apart is not guessed: the same reference, computed with numbers that carry their rounding error, says it.

import ApusRuntime
import Testing

@testable import ApusGraph

@Suite struct OperationKernelTests {
  /// One for all cases: starting and checking one takes longer than a case.
  private static let shared = Result { try Runtime(options: RuntimeOptions(threads: 2)) }
  let runtime: Runtime

  init() throws {
    runtime = try Self.shared.get()
  }

  enum Passes: String, CaseIterable, Sendable {
    case none
    case training
    case inference

    var list: [any Pass.Type]? {
      switch self {
      case .none: nil
      case .training: trainingPasses
      case .inference: allPasses
      }
    }
  }

  @Test("kernels are within the rounding error of the references", arguments: allCases, Passes.allCases)
  func kernels(_ operationCase: OperationCase, _ passes: Passes) throws {
    let built = try CaseGraph(operationCase)
    let run = try KernelRun(
      passes == .inference ? built.declared : built.graph, passes: passes.list, operationCase.step,
      weights: built.weights, cache: operationCase.cache, runtime)
    var reference = ReferenceExecutor(
      run.plan.graph, weights: built.weights.mapValues { $0.converted(to: RunningError.self) })
    // Once from nothing, once more to see that gradients add up.
    for startsGradients in [true, false] {
      var step = operationCase.step
      step.startsGradients = startsGradients
      run.run(step)
      check(run.result, reference.run(step)[0], "\(operationCase.name), result")
      for name in passes == .inference ? [] : built.trained {
        let gradient = try #require(reference.gradients[name])
        check(run.gradient(name), gradient, "\(operationCase.name), gradient of \(name)")
      }
    }
  }

  /// - Parameter share: how much of the bound may be used.
  private func check(
    _ own: [Float], _ reference: ReferenceTensor<RunningError>, _ title: String, share: Double = 1
  ) {
    #expect(own.count == reference.values.count, "\(title)")
    let wrong = own.indices.first { index in
      // Written so that NaN is wrong.
      !(abs(Double(own[index]) - reference.values[index].value) <= share * reference.values[index].error)
    }
    if let wrong {
      let exact = reference.values[wrong]
      Issue.record("\(title)[\(wrong)]: \(own[wrong]), not \(exact.value) ± \(share * exact.error)")
    }
  }

  /// The bound is that of eight bits, twice: once for the value, once for its rest. With both only the rest's own rounding
  /// is left, a 508th.
  @Test("a product with what rounding left is exact to far more than eight bits")
  func refined() throws {
    for operationCase in RoundRest.cases {
      let built = try CaseGraph(operationCase)
      let run = try KernelRun(
        built.declared, passes: nil, operationCase.step, weights: built.weights, cache: nil, runtime)
      var reference = ReferenceExecutor(
        built.declared, weights: built.weights.mapValues { $0.converted(to: RunningError.self) })
      run.run(operationCase.step)
      check(run.result, reference.run(operationCase.step)[0], operationCase.name, share: 1.0 / 256)
    }
  }

  /// More rows than a part has: sums wait in between.
  @Test("a gradient through many rows of bytes that are not trained")
  func longDepth() throws {
    let operationCase = OperationCase("many rows in bytes", frozen: ["w"]) { b in
      try b.linear(
        b.example("x", columns: 32), b.exampleWeight("w", rows: 2090, columns: 32, type: .q8_0))
    }
    let built = try CaseGraph(operationCase)
    let run = try KernelRun(
      built.graph, passes: trainingPasses, operationCase.step, weights: built.weights, cache: nil, runtime)
    run.run(operationCase.step)
    var reference = ReferenceExecutor(built.graph, weights: built.weights)
    reference.run(operationCase.step)
    let (own, expected) = (run.gradient("x"), try #require(reference.gradients["x"]).values)
    let largest = expected.map(abs).max()!
    #expect(largest > 0 && own.indices.allSatisfy { abs(Double(own[$0]) - expected[$0]) <= 1e-5 * largest })
  }

  @Test("a selection stops at what is no row of floats")
  func selectedLookup() throws {
    var b = GraphBuilder()
    let y = try b.selectOutputs(b.example("x", columns: 7))
    var graph = b.finish(results: [y])
    _ = graph.optimize(allPasses)
    for node in graph.nodes where node.operation is SelectRows {
      #expect(graph[node.inputs[0]].type.element == .f32)
    }
  }
}
