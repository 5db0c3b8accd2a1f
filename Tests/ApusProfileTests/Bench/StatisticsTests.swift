// Medians, rank tests and corrections against values that are known or counted by hand.

import ApusRuntime
import Testing

@testable import ApusProfile

@Suite struct StatisticsTests {
  @Test func middles() {
    #expect([Double]().middle == 0)
    #expect([3.0, 1, 2].middle == 2)
    #expect([4.0, 1, 2, 3].middle == 2.5)
    #expect([1.0, 2, 3, 4].quantile(0.99) == 4)
    // One outlier does not move the spread: distances from 10 are 0, 0, 1, 1, 90.
    #expect(abs([10.0, 10, 11, 9, 100].spread - 0.14826) < 1e-12)
  }

  @Test(
    "the places of the interval of the median, from tables of the sign test",
    arguments: [(5, 0, 0.9375), (6, 0, 0.96875), (10, 1, 0.978515625), (20, 5, 0.9586105346679688)])
  func medianIntervals(_ count: Int, _ place: Int, _ coverage: Double) throws {
    let interval = try #require((0..<count).map(Double.init).reversed().medianInterval())
    #expect(interval.low == Double(place) && interval.high == Double(count - 1 - place))
    #expect(abs(interval.coverage - coverage) < 1e-9)
    #expect([1.0].medianInterval() == nil)
  }

  @Test func signedRanks() throws {
    // All six of one sign: 2 of 64 choices are as extreme.
    let all = try #require(Shift.paired([1, 2, 3, 4, 5, 6]))
    #expect(abs(all.probability - 2.0 / 64) < 1e-12)
    #expect(all.estimate == 3.5)
    // The smallest is negative: sums of negative ranks up to 1 come from {} and {1}.
    #expect(abs(try #require(Shift.paired([-1, 2, 3, 4, 5, 6])).probability - 4.0 / 64) < 1e-12)
    #expect(Shift.paired([0, 0, 0])?.probability == 1)
    #expect(Shift.paired([]) == nil)
    // Ties share ranks: of |1|, |1|, |2| with one negative 1, ranks are 1.5, 1.5, 3: 3 of 8 sums are at most 1.5.
    #expect(abs(try #require(Shift.paired([-1, 1, 2])).probability - 2 * 3.0 / 8) < 1e-12)
    // n = 10: the interval leaves out the 8 outermost Walsh averages on each side (Hollander, Wolfe, Chicken, table).
    let ten = try #require(Shift.paired((1...10).map(Double.init)))
    var walsh: [Double] = []
    for i in 1...10 { for j in i...10 { walsh.append(Double(i + j) / 2) } }
    #expect(ten.interval.low == walsh.sorted()[8] && ten.interval.high == walsh.sorted()[55 - 9])
  }

  @Test func rankSums() throws {
    // Completely apart: 2 of C(8, 4) = 70 orders.
    let apart = try #require(Shift.unpaired([1, 2, 3, 4], [11, 12, 13, 14]))
    #expect(abs(apart.probability - 2.0 / 70) < 1e-12)
    #expect(apart.estimate == 10)
    // One step short of it: counts 0 and 1.
    #expect(
      abs(try #require(Shift.unpaired([1, 2, 3, 12], [11, 13, 14, 15])).probability - 4.0 / 70) < 1e-12)
    #expect(Shift.unpaired([1, 2, 3], [1, 2, 3])?.probability == 1)
    // Swapping the lists turns the sign and nothing else.
    let (first, second) = ([1.0, 5, 2, 8, 3], [4.0, 9, 7, 6, 11, 10])
    let (one, other) = (
      try #require(Shift.unpaired(first, second)), try #require(Shift.unpaired(second, first))
    )
    #expect(abs(one.probability - other.probability) < 1e-12 && one.estimate == -other.estimate)
    #expect(one.interval.low == -other.interval.high)
  }

  @Test("the exact distributions approach the normal one")
  func large() throws {
    // z = 1.96 gives 5 % either way; ranks of 60 and 60 are near enough to it for 2 % of that.
    let first = (0..<60).map { Double($0) }
    let second = (0..<60).map { Double($0) + 7.5 }
    let shift = try #require(Shift.unpaired(first, second))
    let count = Double(second.reduce(0) { sum, y in sum + first.count { $0 < y } })
    let z = (count - 1800 - 0.5) / (60.0 * 60 * 121 / 12).squareRoot()
    let normal = erfcLike(z / 2.0.squareRoot())
    #expect(abs(shift.probability - normal) < 0.02 * normal, "\(shift.probability) against \(normal)")
  }

  @Test func corrections() {
    #expect(holm([0.01, 0.04, 0.03]).map { ($0 * 1000).rounded() / 1000 } == [0.03, 0.06, 0.06])
    #expect(holm([0.9, 0.8]) == [1, 1])
    #expect(holm([]) == [])
  }

  @Test("values that follow one another are put together")
  func blocks() {
    let random = Philox(key: 3)
    let independent = (0..<200).map { Double(random.uniform(UInt64($0))) }
    #expect(blockLength([independent]) == 1)
    var (level, walk) = (0.0, [Double]())
    for value in independent {
      level = 0.7 * level + value - 0.5
      walk.append(level)
    }
    // (1 + 0.7) / (1 - 0.7) is 5.7.
    #expect((4...9).contains(blockLength([walk, walk])), "\(blockLength([walk]))")
    #expect([1.0, 3, 5, 7, 9].blocks(of: 2) == [2, 6] && [1.0, 3, 5, 7, 9].blocks(of: 3) == [3, 8])
    #expect([2.1, 3, 4].isBeyondDrift && [-2.1, -3, -4].isBeyondDrift && [1.0].isBeyondDrift)
    #expect(![1.9, 3, 4].isBeyondDrift && ![-1, 1].isBeyondDrift && ![Double]().isBeyondDrift)
    #expect(blockLength([[1, 1, 1]]) == 1 && [2.0].blocks(of: 1) == [2])
  }

  @Test func steadiness() {
    #expect(Steadiness([1, 1.01, 0.99, 1, 1.01, 1]).words == "")
    #expect(Steadiness([1, 1, 1, 1.2, 1.2, 1.2]).words.contains("slower by 20.0 % in the second half"))
    #expect(Steadiness([1, 1.4, 0.8, 1.3, 0.7, 1]).words.hasPrefix("noisy"))
  }
}

/// The complementary error function by its continued fraction, for arguments above 1.
private func erfcLike(_ x: Double) -> Double {
  var fraction = 0.0
  for k in stride(from: 200, to: 0, by: -1) { fraction = Double(k) / 2 / (x + fraction) }
  var power = 1.0
  var term = 1.0
  let square = x * x
  // e^(-x²) by its series for e^(x²).
  for k in 1...200 {
    term *= square / Double(k)
    power += term
  }
  return 1 / power / (x + fraction) / 1.7724538509055159
}
