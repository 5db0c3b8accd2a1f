// Masks, ties, broken logits, and that the row and the list are narrowed alike.

@testable import ApusInference
import ApusRuntime
import Testing

@Suite struct CandidatesTests {
  private func makeSampler(
    _ vocabulary: Int, _ kernels: Kernels = .portable, _ change: (inout SamplingOptions) -> Void
  ) throws -> Sampler {
    var options = SamplingOptions()
    options.seed = 1
    change(&options)
    return try Sampler(options: options, vocabularySize: vocabulary, kernels: kernels.table)
  }

  /// Sizes around words of the mask, tiles of 256, tiles of 4,096.
  static let sizes = [1, 2, 63, 64, 65, 255, 256, 257, 1000, 4096, 4097, 12_345]

  private static func mask(_ vocabulary: Int, _ isAllowed: (Int) -> Bool) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: (vocabulary + 63) / 64)
    for token in 0..<vocabulary where isAllowed(token) { words[token / 64] |= 1 << (token % 64) }
    return words
  }

  /// A mask must act as minus infinity does, in every way a chain can begin.
  @Test(arguments: sizes, Kernels.all)
  func maskForbids(_ vocabulary: Int, _ kernels: Kernels) throws {
    let logits = makeLogits(key: UInt64(vocabulary), vocabulary)
    for step in [1, 3, 40, 700] {
      let mask = Self.mask(vocabulary) { $0 % step == 0 || $0 == vocabulary - 1 }
      let forbidden = logits.indices.map {
        $0 % step == 0 || $0 == vocabulary - 1 ? logits[$0] : -Float.infinity
      }
      for letters in ["k", "p", "m", "s", "y", "t", "x", "", "edskypmxt"] {
        let change: (inout SamplingOptions) -> Void = {
          $0.samplers = (try? SamplerKind.parse(letters: letters)) ?? []
          $0.typicalP = 0.8
          $0.topNSigma = 1.5
          $0.xtcProbability = 1
        }
        var first = try makeSampler(vocabulary, kernels, change)
        var second = try makeSampler(vocabulary, kernels, change)
        let masked = try withRow(logits) { try Array(first.distribution($0, mask: mask)) }
        let plain = try withRow(forbidden) { try Array(second.distribution($0)) }
        #expect(Set(masked.map(\.token)) == Set(plain.map(\.token)), "\(letters) \(step)")
        let drawn = try withRow(logits) { try first.sample($0, mask: mask) }
        #expect(masked.contains { $0.token == drawn })
      }
    }
  }

  @Test func nothingAllowed() throws {
    var sampler = try makeSampler(300) { _ in }
    let logits = makeLogits(key: 1, 300)
    let empty = [UInt64](repeating: 0, count: 5)
    #expect(throws: SamplingError.noTokenAllowed) {
      try withRow(logits) { _ = try sampler.sample($0, mask: empty) }
    }
    // Bits past the vocabulary mean nothing.
    let past: [UInt64] = [0, 0, 0, 0, ~0 << 44]
    #expect(throws: SamplingError.noTokenAllowed) {
      try withRow(logits) { _ = try sampler.sample($0, mask: past) }
    }
    #expect(throws: SamplingError.noTokenAllowed) {
      try withRow([Float](repeating: -.infinity, count: 300)) { _ = try sampler.sample($0) }
    }
    var forbidding = try makeSampler(3) { $0.logitBias = [0: -.infinity, 1: -.infinity, 2: -.infinity] }
    withRow([1, 2, 3]) { row in
      #expect(throws: SamplingError.noTokenAllowed) { _ = try forbidding.sample(row) }
      #expect(Array(row) == [1, 2, 3])
    }
  }

  @Test(arguments: Kernels.all)
  func brokenLogitsAreNamed(_ kernels: Kernels) throws {
    for letters in ["edskypmxt", "", "p", "m", "t", "y", "x", "s", "kt"] {
      for greedy in [false, true] {
        var sampler = try makeSampler(1000, kernels) {
          $0.samplers = (try? SamplerKind.parse(letters: letters)) ?? []
          $0.temperature = greedy ? 0 : 0.5
          $0.typicalP = 0.5
          $0.topNSigma = 1
          $0.xtcProbability = 1
        }
        for value in [Float.nan, .infinity, 1e31] {
          for token in [0, 255, 256, 777, 999] {
            var logits = makeLogits(key: 2, 1000)
            logits[token] = value
            let error = try #require(throws: SamplingError.self) {
              try withRow(logits) { _ = try sampler.sample($0) }
            }
            guard case .badLogit(Int32(token), _) = error else {
              Issue.record("\(letters): \(error)")
              continue
            }
            // A mask that forbids the token makes it harmless.
            let mask = Self.mask(1000) { $0 != token }
            #expect(throws: Never.self) { try withRow(logits) { _ = try sampler.sample($0, mask: mask) } }
          }
        }
        #expect(throws: SamplingError.self) {
          try withRow([Float](repeating: -1e31, count: 1000)) { _ = try sampler.sample($0) }
        }
      }
    }
  }

  @Test(arguments: sizes, Kernels.all)
  func tiesGoToTheLowerToken(_ vocabulary: Int, _ kernels: Kernels) throws {
    let flat = [Float](repeating: 2.5, count: vocabulary)
    var greedy = try makeSampler(vocabulary, kernels) { $0.temperature = 0 }
    #expect(try withRow(flat) { try greedy.sample($0) } == 0)
    for wanted in [1, 7, 40, 300] {
      var sampler = try makeSampler(vocabulary, kernels) {
        $0.samplers = [.topK]
        $0.topK = wanted
      }
      let tokens = try withRow(flat) { try sampler.distribution($0).map(\.token) }
      #expect(tokens.sorted() == Array(0..<Int32(min(wanted, vocabulary))))
    }
  }

  /// Top-k of the row, of a list, and by sorting all agree, for every k.
  @Test(arguments: sizes, Kernels.all)
  func topKOfRowAndList(_ vocabulary: Int, _ kernels: Kernels) throws {
    // Few distinct values, so ties are everywhere.
    let logits = makeLogits(key: 3, vocabulary).map { ($0 * 2).rounded() / 2 }
    let expected = logits.indices.sorted { logits[$0] > logits[$1] || (logits[$0] == logits[$1] && $0 < $1) }
    for wanted in [1, 2, 15, 16, 17, 47, 48, 49, 300, 5000] where wanted < vocabulary {
      for letters: [SamplerKind] in [[.topK], [.xtc, .topK]] {
        var sampler = try makeSampler(vocabulary, kernels) {
          $0.samplers = letters
          $0.topK = wanted
          // Never a top choice to drop, but it makes a list.
          $0.xtcProbability = 1
          $0.xtcThreshold = 0.5
        }
        let tokens = try withRow(logits) { try sampler.distribution($0).map { Int($0.token) } }
        if letters.count == 1 || !tokens.isEmpty { #expect(tokens == Array(expected[..<wanted])) }
      }
    }
  }

  @Test(arguments: [1, 5, 400])
  func minKeepIsKept(_ minimum: Int) throws {
    let logits = makeLogits(key: 4, 2000)
    let best = logits.indices.sorted { logits[$0] > logits[$1] }.prefix(minimum).map { Int32($0) }
    for (kind, change) in [
      (SamplerKind.topP, { (options: inout SamplingOptions) in options.topP = 1e-6 }),
      (.minP, { $0.minP = 1 }), (.typical, { $0.typicalP = 1e-6 }),
    ] {
      var sampler = try makeSampler(2000) {
        $0.samplers = [kind]
        $0.minKeep = minimum
        change(&$0)
      }
      let found = try withRow(logits) { try sampler.distribution($0).map(\.token) }
      #expect(found.count == minimum, "\(kind)")
      if kind != .typical { #expect(Set(found) == Set(best), "\(kind)") }
    }
  }

  /// More tokens than the usual nucleus: the slow way must agree with the definition.
  @Test(arguments: [0.2, 0.5, 0.9, 0.999], Kernels.all)
  func largeNucleus(_ mass: Double, _ kernels: Kernels) throws {
    let logits = makeLogits(key: 5, 6000).map { $0 / 20 }
    var sampler = try makeSampler(6000, kernels) {
      $0.samplers = [.topP]
      $0.topP = mass
    }
    let found = try withRow(logits) { try sampler.distribution($0).map(\.token) }
    let order = logits.indices.sorted { logits[$0] > logits[$1] }
    let tokens = found.map { Int($0) }.sorted()
    #expect(tokens == order.prefix(found.count).sorted(), "a prefix of the order")
    let weights = order.map { expOf(Double(logits[$0])) }
    let total = weights.reduce(0, +)
    let kept = weights.prefix(found.count).reduce(0, +) / total
    #expect(kept >= mass - 1e-6 && kept - weights[found.count - 1] / total < mass + 1e-6)
    #expect(found.count > 256)
  }
}
