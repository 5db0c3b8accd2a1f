// How a step's answers are shared out to its updates.

import Testing

@testable import ApusTraining

@Suite struct MinibatchOrderTests {
  @Test("every epoch meets every row once", arguments: [(1, 1), (7, 3), (8, 4), (3, 9), (100, 7)])
  func permutation(_ count: Int, _ parts: Int) {
    let order = MinibatchOrder(count: count, parts: parts, seed: 1, step: 5)
    #expect(order.updatesPerEpoch == min(count, parts))
    for epoch in 0..<3 {
      let updates = (0..<order.updatesPerEpoch).map {
        order.rows(ofUpdate: epoch * order.updatesPerEpoch + $0)
      }
      #expect(updates.joined().sorted() == Array(0..<count))
      #expect(updates.allSatisfy { !$0.isEmpty && $0.count <= count / order.updatesPerEpoch + 1 })
    }
  }

  @Test("nothing to learn from makes no updates")
  func empty() {
    #expect(MinibatchOrder(count: 0, parts: 4, seed: 1, step: 0).updatesPerEpoch == 0)
  }

  @Test("micro-batches hold what fits")
  func microBatches() {
    let rows = [5, 9, 3, 3, 3, 12, 1].map { length in
      var rollout = Rollout(prompt: 0, number: 0)
      rollout.tokens = Array(repeating: 1, count: length)
      rollout.logProbabilities = Array(repeating: 0, count: length)
      return PolicyRow(prompt: [1], rollout)
    }
    let options = TrainingEngineOptions(tokens: 12, sequences: 2, contextLength: 12)
    #expect(PolicyMicroBatches(rows, options).ranges == [0..<1, 1..<3, 3..<5, 5..<6, 6..<7])
    #expect(PolicyMicroBatches([], options).ranges == [])
  }
}
