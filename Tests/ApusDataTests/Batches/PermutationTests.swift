// Shuffles: bijections of any size, different for every seed and epoch, the same again for the same ones.

import Testing

@testable import ApusData

@Suite struct PermutationTests {
  @Test(arguments: Array(1...70) + [127, 128, 129, 1000, 4095, 4096, 4097, 20_011])
  func isBijection(count: Int) {
    for (seed, epoch) in [(UInt64(0), 0), (1, 0), (1, 1), (.max, 12_345)] {
      let permutation = Permutation(count: count, seed: seed, epoch: epoch)
      var isHit = [Bool](repeating: false, count: count)
      for index in 0..<count {
        let place = permutation[index]
        guard place >= 0, place < count, !isHit[place] else {
          Issue.record("seed \(seed), epoch \(epoch): \(index) goes to \(place)")
          return
        }
        isHit[place] = true
      }
    }
  }

  @Test func largeCountsStayInside() {
    for count in [1 << 40, 1 << 40 + 1, Int.max] {
      let permutation = Permutation(count: count, seed: 3, epoch: 0)
      var seen: Set<Int> = []
      for index in [0, 1, 2, count / 2, count - 2, count - 1] {
        let place = permutation[index]
        #expect((0..<count).contains(place))
        #expect(seen.insert(place).inserted)
      }
    }
  }

  @Test func seedsAndEpochsDiffer() {
    func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
      let permutation = Permutation(count: 500, seed: seed, epoch: epoch)
      return (0..<500).map { permutation[$0] }
    }
    let orders = [order(1, 0), order(1, 1), order(2, 0), order(2, 1)]
    for left in orders.indices {
      for right in orders.indices where left < right {
        let fixed = zip(orders[left], orders[right]).count { $0 == $1 }
        // 1 is expected of unrelated orders; more than 12 of 500 has a probability below 1e-9.
        #expect(fixed <= 12, "orders \(left) and \(right) agree in \(fixed) places")
      }
    }
    #expect(order(1, 0) == order(1, 0))
  }

  /// No place is preferred: over many seeds each index goes to each place about equally often.
  @Test func isEven() {
    let (count, seeds) = (10, 4000)
    var hits = [[Int]](repeating: [Int](repeating: 0, count: count), count: count)
    for seed in 0..<UInt64(seeds) {
      let permutation = Permutation(count: count, seed: seed, epoch: 0)
      for index in 0..<count { hits[index][permutation[index]] += 1 }
    }
    // 400 are expected with a deviation of 19; the largest of 100 lies within six of them.
    #expect(hits.allSatisfy { $0.allSatisfy { abs($0 - 400) < 6 * 19 } }, "\(hits)")
  }
}
