// The references themselves: every operation has one that its cases reach, they mean the same in Float and in Double, and
// the bounds that kernels are held to are narrow.

import ApusBasics
import ApusTensor
import Testing

@testable import ApusGraph

@Suite struct ReferenceTests {
  @Test("every operation is at work in its cases", arguments: allOperations.map { Named(operation: $0) })
  func reached(_ named: Named) throws {
    let cases = named.operation.cases
    #expect(!cases.isEmpty)
    let names = try cases.flatMap { operationCase in
      let built = try CaseGraph(operationCase)
      return [built.graph, built.declared].flatMap { graph in
        [[], trainingPasses, allPasses].flatMap { passes in
          var graph = graph
          _ = graph.optimize(passes)
          return graph.nodes.map(\.name)
        }
      }
    }
    #expect(names.contains(named.operation.name))
  }

  struct Named: Sendable, CustomStringConvertible {
    let operation: any Operation.Type
    var description: String { operation.name }
  }

  @Test("every operation of the folder is listed")
  func listed() {
    let declared = declaredOperations()
    #expect(!declared.isEmpty)
    #expect(declared == allOperations.map { "\($0)" }.sorted())
  }

  @Test("operations and cases have names of their own")
  func names() {
    #expect(Set(allOperations.map { $0.name }).count == allOperations.count)
    #expect(allCases.count > allOperations.count)
  }

  @Test("Float and Double agree within the bounds", arguments: allCases)
  func scalars(_ operationCase: OperationCase) throws {
    let built = try CaseGraph(operationCase)
    var float = ReferenceExecutor(
      built.graph, weights: built.weights.mapValues { $0.converted(to: Float.self) })
    var double = ReferenceExecutor(built.graph, weights: built.weights)
    var bounded = ReferenceExecutor(
      built.graph, weights: built.weights.mapValues { $0.converted(to: RunningError.self) })
    // A bound of 1 would allow everything. Roundings of activations leave 8 bits, two of them in a row a little less;
    // the exponentials of a loss behind them widen it again.
    let operations = built.graph.nodes.map(\.operation)
    let isRounded = operations.contains { $0 is Round }
    let isLoss = operations.contains { $0 is CrossEntropy }
    let widest = isRounded ? (isLoss ? 0x1p-2 : 0x1p-4) : 0x1p-14
    let results = (
      float.run(operationCase.step)[0], double.run(operationCase.step)[0], bounded.run(operationCase.step)[0]
    )
    compare(results.0, results.1, results.2, widest, "result")
    for name in built.trained {
      compare(
        try #require(float.gradients[name]), try #require(double.gradients[name]),
        try #require(bounded.gradients[name]), widest, name)
    }
  }

  private func compare(
    _ float: ReferenceTensor<Float>, _ double: ReferenceTensor<Double>,
    _ bounded: ReferenceTensor<RunningError>,
    _ widest: Double, _ title: String
  ) {
    let largest = double.values.reduce(0) { max($0, abs($1)) }
    for index in double.values.indices {
      let (exact, bound) = (double.values[index], bounded.values[index])
      #expect(bound.value == exact, "\(title)[\(index)]")
      #expect(abs(Double(float.values[index]) - exact) <= bound.error, "\(title)[\(index)]")
      #expect(bound.error <= widest * largest, "\(title)[\(index)]: \(bound.error) is no bound")
    }
  }

  @Test(
    "the step of a reference is the step of an executor", arguments: [OutputRows.last(2), .last(0), .first])
  func step(_ outputs: OutputRows) {
    let step = ReferenceStep(lengths: [4, 3], outputs: outputs, secondSegment: 2)
    #expect(step.sequences == [0..<4, 4..<7])
    #expect(step.positions == [0, 1, 2, 3, 0, 1, 2])
    #expect(step.segments == [0, 0, 1, 1, 0, 0, 1])
    #expect(Set(step.tokenIDs) == Set(0..<7))
    #expect(step.outputRows.count == step.sizes.outputs && step.sizes.sequences == 2)
  }
}
