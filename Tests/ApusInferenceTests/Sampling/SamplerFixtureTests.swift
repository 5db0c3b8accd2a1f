// Every sampler, alone and in chains, against the independent implementation in Tests/Fixtures/sampling.py.

import ApusInference
import Testing

@Suite struct SamplerFixtureTests {
  /// The fixture computes in double. Here logits are floats below 32 in magnitude, so each of the few
  /// operations on one is off by at most 2⁻²⁰, and a probability by that share: 1e-5 allows ten of them.
  @Test(arguments: SamplingCase.all.filter { $0.kind == "distribution" }, Kernels.all)
  func distribution(_ fixture: SamplingCase, _ kernels: Kernels) throws {
    var sampler = try Sampler(
      options: fixture.options, vocabularySize: fixture.vocabulary, kernels: kernels.table,
      breakers: fixture.breakers, stream: fixture.stream)
    for token in fixture.history { sampler.accept(token) }
    let logits = fixture.logits()
    let found = try withRow(logits) { row in
      let found = try Array(sampler.distribution(row))
      #expect(Array(row) == logits, "the row has its logits back")
      return found
    }

    var expected: [Int32: Double] = [:]
    for pair in fixture.expected.split(separator: " ") {
      let fields = pair.split(separator: ":")
      expected[Int32(fields[0])!] = Double(fields[1])!
    }
    // A negative token says how many there are when not all are listed.
    let count = expected.keys.min()! < 0 ? Int(-expected.keys.min()!) : expected.count
    #expect(found.count == count)
    let probabilities = Dictionary(uniqueKeysWithValues: found.map { ($0.token, Double($0.probability)) })
    for (token, probability) in expected where token >= 0 {
      let own = try #require(probabilities[token], "token \(token) is missing")
      #expect(abs(own - probability) <= 1e-5 * probability + 1e-30, "token \(token)")
    }
    #expect(abs(found.reduce(0) { $0 + Double($1.probability) } - 1) < 1e-6)
  }

  @Test(arguments: SamplingCase.all.filter { $0.kind == "draws" }, Kernels.all)
  func draws(_ fixture: SamplingCase, _ kernels: Kernels) throws {
    var sampler = try Sampler(
      options: fixture.options, vocabularySize: fixture.vocabulary, kernels: kernels.table,
      breakers: fixture.breakers, stream: fixture.stream)
    for token in fixture.history { sampler.accept(token) }
    var tokens: [Int32] = []
    let expected = fixture.expected.split(separator: " ").map { Int32($0)! }
    for row in expected.indices {
      let logits = fixture.logits(row: row)
      let token = try withRow(logits) {
        let token = try sampler.sample($0)
        #expect(Array($0) == logits, "the row has its logits back")
        return token
      }
      sampler.accept(token)
      tokens.append(token)
    }
    #expect(tokens == expected)
  }

  @Test func fixtureHasEverySampler() {
    let used = Set(SamplingCase.all.flatMap(\.options.samplers))
    #expect(used == Set(SamplerKind.allCases))
    #expect(SamplingCase.all.count > 60)
  }
}
