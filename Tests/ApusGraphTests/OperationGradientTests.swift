// Every operation's gradient, in Double: the graph of gradients, run by references, against central differences of the
// forward reference.

import Testing

@testable import ApusGraph

@Suite struct OperationGradientTests {
  /// An eighth of the cube root of the unit roundoff. The difference of two runs is then wrong by about h²/6 times the
  /// third derivative, 3e-13, and by 2⁻⁵³/h times the sum of what is added up, 2e-11 each.
  private static let step = 0x1p-19

  /// Both errors are far below this share of the largest gradient, and any wrong factor or sign is far above.
  private static let tolerance = 1e-7

  @Test("gradients are the slopes", arguments: allCases.filter { !$0.isForwardOnly }, [false, true])
  func slopes(_ operationCase: OperationCase, optimized: Bool) throws {
    let built = try CaseGraph(operationCase)
    var graph = built.graph
    if optimized { _ = graph.optimize(trainingPasses) }
    var backward = ReferenceExecutor(graph, weights: built.weights)
    backward.run(operationCase.step)
    #expect(backward.gradients.keys.sorted() == built.trained)

    var forward = ReferenceExecutor(built.forward, weights: built.weights)
    for name in built.trained {
      let gradient = try #require(backward.gradients[name])
      let largest = gradient.values.reduce(0) { max($0, abs($1)) }
      #expect(largest > 0, "\(operationCase.name): nothing depends on \(name)")
      for index in gradient.values.indices {
        let exact = built.weights[name]!.values[index]
        func total(_ value: Double) -> Double {
          forward.weights[name]!.values[index] = value
          return weightedSum(forward.run(operationCase.step))
        }
        let slope = (total(exact + Self.step) - total(exact - Self.step)) / (2 * Self.step)
        forward.weights[name]!.values[index] = exact
        let own = gradient.values[index]
        #expect(
          abs(own - slope) <= Self.tolerance * largest,
          "\(operationCase.name), \(name)[\(index)]: gradient \(own), slope \(slope)")
      }
    }
  }

  /// What gradients are of.
  private func weightedSum(_ results: [ReferenceTensor<Double>]) -> Double {
    results[0].values.indices.reduce(0) { sum, index in
      sum + results[0].values[index] * (results.count > 1 ? results[1].values[index] : 1)
    }
  }
}
