// The sampler as a whole: what a draw depends on, its statistics, what it costs, log-probabilities.

@testable import ApusInference
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Foundation
import Testing

func expOf(_ x: Double) -> Double { exp(x) }

@Suite struct SamplerTests {
  private func sampler(
    _ vocabulary: Int, seed: UInt64 = 9, stream: UInt64 = 0, _ kernels: Kernels = .portable,
    _ change: (inout SamplingOptions) -> Void = { _ in }
  ) throws -> Sampler {
    var options = SamplingOptions()
    options.seed = seed
    change(&options)
    return try Sampler(
      options: options, vocabularySize: vocabulary, kernels: kernels.table, stream: stream)
  }

  /// A draw depends on seed, stream, position and logits; not on other samplers, on earlier draws at the
  /// same position, or on how the position was reached.
  @Test func drawsDependOnSeedAndPositionOnly() throws {
    let rows = (0..<20).map { makeLogits(key: UInt64(100 + $0), 500) }
    var alone = try sampler(500)
    var expected: [Int32] = []
    for row in rows {
      expected.append(try withRow(row) { try alone.sample($0) })
      alone.accept(expected.last!)
    }

    var disturbed = try sampler(500)
    var others = try sampler(500, seed: 77)
    for (index, row) in rows.enumerated() {
      for other in rows.shuffled() {
        others.accept(try withRow(other) { try others.sample($0) })
        _ = try withRow(other) { try disturbed.sample($0) }
      }
      #expect(try withRow(row) { try disturbed.sample($0) } == expected[index])
      disturbed.accept(expected[index])
      var late = try sampler(500)
      for token in expected[...index].dropLast() { late.accept(token) }
      #expect(try withRow(row) { try late.sample($0) } == expected[index], "computed again from its history")
    }
    #expect(disturbed.position == 20)

    var different = 0
    for (seed, stream) in [(10, 0), (9, 1)] as [(UInt64, UInt64)] {
      var other = try sampler(500, seed: seed, stream: stream)
      for (index, row) in rows.enumerated() {
        let token = try withRow(row) { try other.sample($0) }
        if token != expected[index] { different += 1 }
        other.accept(expected[index])
      }
    }
    #expect(different > 20, "seed and stream make a difference")
  }

  @Test func forksContinueFromTheSameState() throws {
    var parent = try sampler(64) {
      $0.samplers = [.penalties, .dry]
      $0.repeatPenalty = 1.5
      $0.dryMultiplier = 1
    }
    for token: Int32 in [1, 2, 3, 1, 2] { parent.accept(token) }
    var twin = parent.fork(stream: 0)
    var other = parent.fork(stream: 5)
    let logits = makeLogits(key: 8, 64)
    let first = try withRow(logits) { try Array(parent.distribution($0)) }
    #expect(try withRow(logits) { try Array(other.distribution($0)) } == first)
    #expect(try withRow(logits) { try parent.sample($0) } == withRow(logits) { try twin.sample($0) })
    // What one accepts the others do not see.
    other.accept(3)
    other.accept(40)
    #expect(try withRow(logits) { try Array(parent.distribution($0)) } == first)
    #expect(try withRow(logits) { try Array(other.distribution($0)) } != first)
    #expect(parent.position == 5 && other.position == 7 && other.stream == 5)
  }

  @Test func aMissingSeedIsChosenAndTold() throws {
    var options = SamplingOptions()
    options.samplers = []
    var first = try Sampler(options: options, vocabularySize: 1000, kernels: Kernels.portable.table)
    let other = try Sampler(options: options, vocabularySize: 1000, kernels: Kernels.portable.table)
    #expect(first.seed != other.seed)
    options.seed = first.seed
    var again = try Sampler(options: options, vocabularySize: 1000, kernels: Kernels.portable.table)
    let row = makeLogits(key: 6, 1000)
    #expect(try withRow(row) { try first.sample($0) } == withRow(row) { try again.sample($0) })
  }

  /// Chi-square of many draws with fixed seeds, for the draw from a list, from the row, and from a row of
  /// several tiles of the log-sum-exp. 1 % of all seeds exceed the bound by chance; these do not.
  @Test(arguments: ["k", "", "tiles"], Kernels.all)
  func drawsFollowTheDistribution(_ way: String, _ kernels: Kernels) throws {
    let vocabulary = way == "tiles" ? 9000 : 48
    let logits = makeLogits(key: 7, vocabulary).map { $0 / 3 }
    var sampler = try sampler(vocabulary, seed: 2024, kernels) {
      $0.samplers = way == "k" ? [.topK] : []
      $0.topK = 47
    }
    let distribution = try withRow(logits) { try Array(sampler.distribution($0)) }
    let draws = way == "tiles" ? 10_000 : 40_000
    // Tokens in 48 bins, so that every bin expects many draws.
    var expected = [Double](repeating: 0, count: 48)
    var found = [Int](repeating: 0, count: 48)
    for candidate in distribution {
      expected[Int(candidate.token) * 48 / vocabulary] += Double(candidate.probability) * Double(draws)
    }
    try withRow(logits) { row in
      for _ in 0..<draws {
        let token = try sampler.sample(row)
        found[Int(token) * 48 / vocabulary] += 1
        sampler.accept(token)
      }
    }
    var chiSquare = 0.0
    var bins = 0
    for bin in 0..<48 where expected[bin] >= 5 {
      chiSquare += (Double(found[bin]) - expected[bin]) * (Double(found[bin]) - expected[bin]) / expected[bin]
      bins += 1
    }
    // The 99th percentile of chi-square with 47 degrees of freedom is 72.4.
    #expect(bins >= 40 && chiSquare < 72.4, "\(chiSquare) in \(bins) bins, seed 2024")
  }

  /// The row's own draw and the list's pick the same token for the same number, as far as rounding allows.
  @Test(arguments: Kernels.all)
  func rowAndListDrawAlike(_ kernels: Kernels) throws {
    let logits = makeLogits(key: 11, 9000)
    let all = [UInt64](repeating: ~0, count: (9000 + 63) / 64)
    var sampler = try sampler(9000, kernels) { $0.samplers = [] }
    var same = 0
    for _ in 0..<300 {
      let fromRow = try withRow(logits) { try sampler.sample($0) }
      let fromList = try withRow(logits) { try sampler.sample($0, mask: all) }
      if fromRow == fromList { same += 1 }
      sampler.accept(fromRow)
    }
    #expect(same >= 299)
  }

  @Test(arguments: Kernels.all)
  func temperatureBelowTheSmallestIsGreedy(_ kernels: Kernels) throws {
    let logits = makeLogits(key: 12, 3000)
    let best = Int32(logits.indices.max { logits[$0] < logits[$1] }!)
    for temperature in [0, 1e-9, 1e-5] {
      var sampler = try sampler(3000, kernels) { $0.temperature = temperature }
      #expect(try withRow(logits) { try sampler.sample($0) } == best)
      #expect(sampler.drawn?.probability == 1)
    }
    // The largest logits there may be, at the smallest temperature that divides.
    var sampler = try sampler(3000, kernels) {
      $0.temperature = 1e-5
      $0.samplers = [.temperature]
    }
    let huge = logits.map { $0 < 0 ? -1e30 : Float(1e30) }
    let token = try withRow(huge) { try sampler.sample($0) }
    #expect(huge[Int(token)] > 0)
  }

  @Test(arguments: [1, 100, 4096, 4097, 9000], Kernels.all)
  func logProbabilities(_ vocabulary: Int, _ kernels: Kernels) throws {
    let logits = makeLogits(key: 13, vocabulary)
    var sampler = try sampler(vocabulary, kernels) { $0.logitBias = [0: 100] }
    let total = log(logits.reduce(0) { $0 + exp(Double($1)) })
    var likeliest: [TokenProbability] = []
    let token = Int32(vocabulary / 2)
    let own = try withRow(logits) {
      try sampler.logProbabilities($0, of: token, top: 20, into: &likeliest)
    }
    // A sum of 4,096 floats in 16 partial sums is off by at most 256 · 2⁻²⁴ of it, and its logarithm too.
    #expect(abs(own - (Double(logits[Int(token)]) - total)) < 1.6e-5)
    let order = logits.indices.sorted { logits[$0] > logits[$1] || (logits[$0] == logits[$1] && $0 < $1) }
    #expect(likeliest.map { Int($0.token) } == Array(order.prefix(20)))
    for entry in likeliest {
      #expect(abs(entry.logProbability - (Double(logits[Int(entry.token)]) - total)) < 1.6e-5)
    }
    let whole = logits.withUnsafeBufferPointer {
      LogSumExp($0.baseAddress!, count: vocabulary, kernels: kernels.table)
    }
    #expect(own == Double(logits[Int(token)]) - whole.value, "the one definition")
  }

  @Test func logSumExpSkipsWhatIsImpossible() {
    for count in [1, 4096, 4097, 9000] {
      var values = [Float](repeating: -.infinity, count: count)
      let none = values.withUnsafeBufferPointer {
        LogSumExp($0.baseAddress!, count: count, kernels: Kernels.portable.table)
      }
      #expect(none.isEmpty && none.value == -.infinity)
      values[count - 1] = 3
      let one = values.withUnsafeBufferPointer {
        LogSumExp($0.baseAddress!, count: count, kernels: Kernels.portable.table)
      }
      #expect(one.maximum == 3 && one.sum == 1 && one.value == 3)
    }
  }

  /// Contract 3: after `init`, nothing. Unoptimised code boxes what optimised code does not.
  @Test(
    .enabled(if: allocationsAreCounted, allocationsSkipReason),
    .enabled(if: !_isDebugAssertConfiguration(), "only an optimised build allocates nothing"),
    arguments: [
      "edskypmxt", "", "kt", "p", "t", "m", "s", "y", "x", "mirostat 1", "mirostat 2", "greedy", "mask",
      "dynamic",
    ])
  func allocatesNothing(_ way: String) throws {
    let vocabulary = 5000
    let logits = makeLogits(key: 14, vocabulary)
    var sampler = try sampler(vocabulary) {
      $0.samplers = (try? SamplerKind.parse(letters: way)) ?? $0.samplers
      $0.logitBias = [1: 2, 5: -.infinity]
      $0.repeatPenalty = 1.1
      $0.dryMultiplier = 0.8
      $0.typicalP = 0.9
      $0.topNSigma = 2
      $0.xtcProbability = 0.5
      $0.temperature = way == "greedy" ? 0 : 0.9
      $0.dynamicTemperatureRange = way == "dynamic" ? 0.3 : 0
      $0.mirostat = way == "mirostat 1" ? 1 : way == "mirostat 2" ? 2 : 0
    }
    let mask: [UInt64]? =
      way == "mask" ? (0..<(vocabulary + 63) / 64).map { $0 % 3 == 0 ? 0x5555 : ~0 } : nil
    var likeliest: [TokenProbability] = []
    likeliest.reserveCapacity(8 * 40)
    try withRow(logits) { row in
      func step() throws {
        let token =
          if let mask {
            try mask.withUnsafeBufferPointer { try sampler.sample(row, mask: $0.baseAddress!) }
          } else { try sampler.sample(row) }
        _ = try sampler.logProbabilities(row, of: token, top: 8, into: &likeliest)
        sampler.accept(token)
      }
      for _ in 0..<10 { try step() }
      let allocations = try countAllocations { for _ in 0..<20 { try step() } }
      #expect(allocations == 0)
    }
  }
}
