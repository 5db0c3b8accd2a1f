// Every operation's gradient, in Double: the graph of gradients, run by references, against central differences of the
// forward reference.

import ApusRuntime
import Testing

@testable import ApusGraph

@Suite struct OperationGradientTests {
  /// The slope between two points so far apart is wrong by h²/6 times the third derivative, 6e-13, and by 2⁻⁵³/h, 6e-11,
  /// times the sum of what each run adds up.
  private static let step = 0x1p-20

  /// Both errors are far below this share of the largest gradient; a wrong factor or sign is far above.
  private static let tolerance = 1e-7

  /// Values of a tensor that are moved one by one. All of it then moves at once in one random direction, so that no value
  /// goes unchecked.
  private static let singles = 12

  @Test("gradients are the slopes", arguments: allCases.filter { !$0.isForwardOnly })
  func slopes(_ operationCase: OperationCase) throws {
    let built = try CaseGraph(operationCase)
    var fused = built.graph
    _ = fused.optimize(trainingPasses)
    let gradients = [built.graph, fused].map { graph in
      var backward = ReferenceExecutor(graph, weights: built.weights)
      backward.run(operationCase.step)
      return backward.gradients
    }
    #expect(gradients.allSatisfy { $0.keys.sorted() == built.trained })
    var forward = ReferenceExecutor(built.forward, weights: built.weights)
    for name in built.trained {
      let weight = try #require(built.weights[name])
      for direction in Self.directions(weight.values.count, seed: name) {
        func total(_ distance: Double) -> Double {
          for (index, share) in direction {
            forward.weights[name]!.values[index] = weight.values[index] + distance * share
          }
          return Self.weightedSum(forward.run(operationCase.step))
        }
        let slope = (total(Self.step) - total(-Self.step)) / (2 * Self.step)
        forward.weights[name] = weight
        for own in gradients.compactMap({ $0[name]?.values }) {
          let largest = own.reduce(0) { max($0, abs($1)) }
          let product = direction.reduce(0) { $0 + own[$1.index] * $1.share }
          #expect(largest > 0, "\(operationCase.name): nothing depends on \(name)")
          #expect(
            abs(product - slope) <= Self.tolerance * largest * Double(direction.count).squareRoot(),
            "\(operationCase.name), \(name)[\(direction[0].index)] and \(direction.count - 1) more: gradient \(product), slope \(slope)"
          )
        }
      }
    }
  }

  /// Single values, spread over a tensor of `count`, and one way for all of them together.
  private static func directions(_ count: Int, seed: String) -> [[(index: Int, share: Double)]] {
    let random = Philox(key: Philox.key(for: seed))
    let singles = (0..<min(count, singles)).map {
      [(index: $0 * count / min(count, Self.singles), share: 1.0)]
    }
    return singles + [(0..<count).map { ($0, 2 * Double(random.uniform(UInt64($0))) - 1) }]
  }

  /// What gradients are of.
  private static func weightedSum(_ results: [ReferenceTensor<Double>]) -> Double {
    results[0].values.indices.reduce(0) { sum, index in
      sum + results[0].values[index] * (results.count > 1 ? results[1].values[index] : 1)
    }
  }
}
