// Selection and sorting in place against the library's sort, on inputs that hurt quicksort too.

@testable import ApusInference
import Testing

@Suite struct SelectionTests {
  /// Shapes of logits.
  enum Shape: CaseIterable, Sendable {
    case random, equal, ascending, descending, twoValues, organPipe, medianKiller

    func logits(_ count: Int) -> [Float] {
      var generator = Generator(state: UInt64(count) &* 7919 &+ 1)
      return (0..<count).map { index in
        switch self {
        case .random: Float.random(in: -5...5, using: &generator)
        case .equal: 1
        case .ascending: Float(index)
        case .descending: Float(-index)
        case .twoValues: Float(Int.random(in: 0...1, using: &generator))
        case .organPipe: Float(min(index, count - index))
        // Makes the median of first, middle and last a bad pivot again and again.
        case .medianKiller:
          Float(index < count / 2 ? (index % 2 == 0 ? index : count / 2 + index) : 2 * (index - count / 2))
        }
      }
    }
  }

  static let counts = [1, 2, 23, 24, 25, 26, 100, 1000, 4099]

  private func candidates(_ shape: Shape, _ count: Int) -> [Candidate] {
    shape.logits(count).enumerated().map { Candidate(token: Int32($0), logit: $1) }
  }

  private func sorted(_ candidates: [Candidate], by order: some CandidateOrder) -> [Candidate] {
    candidates.sorted(by: order.precedes)
  }

  @Test(arguments: Shape.allCases, counts)
  func ordering(_ shape: Shape, _ count: Int) {
    var found = candidates(shape, count)
    let expected = sorted(found, by: ByLogit())
    found.withUnsafeMutableBufferPointer { $0.order(by: ByLogit()) }
    #expect(found == expected)
  }

  @Test(arguments: Shape.allCases, counts)
  func selecting(_ shape: Shape, _ count: Int) {
    for wanted in [0, 1, 2, 24, 40, count / 2, count - 1, count] where wanted <= count && wanted >= 0 {
      var found = candidates(shape, count)
      let order = ByDistance(center: 0.75)
      let expected = sorted(found, by: order)
      found.withUnsafeMutableBufferPointer { $0.select(wanted, by: order) }
      #expect(sorted(Array(found[..<wanted]), by: order) == Array(expected[..<wanted]), "\(wanted)")
      #expect(sorted(found, by: order) == expected, "nothing is lost")
    }
  }

  @Test(arguments: Shape.allCases, counts)
  func selectingMass(_ shape: Shape, _ count: Int) {
    var base = candidates(shape, count)
    // Multiples of 2⁻¹²: their sums are exact, so the cut is too.
    for index in base.indices { base[index].probability = Float(1 + index % 7) / 4096 }
    let expected = sorted(base, by: ByLogit())
    let total = base.reduce(0) { $0 + Double($1.probability) }
    for share in [0, 0.1, 0.5, 0.9, 1, 1.1] {
      for minimum in [1, 5, 60] {
        for strict in [false, true] {
          let mass = (total * share * 4096).rounded() / 4096
          var sum = 0.0
          var length = count
          for (index, candidate) in expected.enumerated() {
            sum += Double(candidate.probability)
            if strict ? sum > mass : sum >= mass, index + 1 >= minimum {
              length = index + 1
              break
            }
          }
          var found = base
          let cut = found.withUnsafeMutableBufferPointer {
            $0.selectMass(mass, strict: strict, minimum: minimum, by: ByLogit())
          }
          #expect(cut == length, "\(share) \(minimum) \(strict)")
          #expect(sorted(Array(found[..<cut]), by: ByLogit()) == Array(expected[..<cut]))
        }
      }
    }
  }
}

/// SplitMix64 (G. L. Steele et al., 2014): reproducible test data.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
