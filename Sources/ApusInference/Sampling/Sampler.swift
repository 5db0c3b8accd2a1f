// The sampler of one sequence: the chain built from the options, its state, and the token it picks.

import ApusRuntime
import ApusTensor

/// Chooses the tokens of one sequence.
///
///     var sampler = try Sampler(options: options, vocabularySize: 32_000, kernels: runtime.kernels)
///     for token in prompt { sampler.accept(token) }
///     let token = try sampler.sample(logits)
///     sampler.accept(token)
///
/// `sample` depends on the options, the tokens accepted so far and the logits, on nothing else: the random
/// numbers are Philox's at (seed, stream, position), the position being the number of accepted tokens. So
/// it makes no difference what else runs, and sampling twice without accepting gives the same token.
///
/// Nothing is allocated after `init`, except that the first `accept` after a `fork` copies the histories.
package struct Sampler: ~Copyable, @unchecked Sendable {
  package let options: SamplingOptions
  package let vocabularySize: Int
  /// The seed in use, chosen at random if the options had none.
  package let seed: UInt64
  /// Which of the sequences that share a seed this is.
  package let stream: UInt64
  /// How many tokens were accepted, which is the position of the next one.
  package private(set) var position: UInt64 = 0
  /// The drawn token and its probability among the candidates that were left for the draw, until it or
  /// another token is accepted.
  package private(set) var drawn: Candidate?

  private var stages: [any SamplerStage]
  private let biases: [(token: Int32, bias: Float)]
  private var candidates: Candidates
  private let random: Philox

  /// - Parameters:
  ///   - breakers: the options' DRY sequence breakers as tokens; only read if DRY is on.
  ///   - stream: tells apart sequences with the same seed, such as several answers to one prompt.
  /// - Throws: `SamplingError` if an option is out of its range or a bias is for a token that does not exist.
  package init(
    options: SamplingOptions, vocabularySize: Int, kernels: KernelTable,
    breakers: DRYBreakers = DRYBreakers(), stream: UInt64 = 0
  ) throws(SamplingError) {
    try options.validate()
    let seed = options.seed ?? UInt64.random(in: 0...UInt64.max)
    var biases: [(token: Int32, bias: Float)] = []
    for (token, bias) in options.logitBias.sorted(by: { $0.key < $1.key }) {
      guard token >= 0, Int(token) < vocabularySize else {
        throw .biasToken(token: token, vocabulary: vocabularySize)
      }
      biases.append((token, Float(bias)))
    }
    self.init(
      options: options, vocabularySize: vocabularySize, seed: seed, stream: stream,
      stages: Self.chain(options, vocabularySize: vocabularySize, breakers: breakers), biases: biases,
      kernels: kernels)
  }

  private init(
    options: SamplingOptions, vocabularySize: Int, seed: UInt64, stream: UInt64,
    stages: [any SamplerStage], biases: [(token: Int32, bias: Float)], kernels: KernelTable
  ) {
    self.options = options
    self.vocabularySize = vocabularySize
    self.seed = seed
    self.stream = stream
    self.stages = stages
    self.biases = biases
    random = Philox(key: seed)
    candidates = Candidates(
      vocabularySize: vocabularySize, kernels: kernels,
      maximumChanges: stages.reduce(biases.count) { $0 + $1.maximumChanges })
  }

  /// The stages that do something, in order.
  private static func chain(
    _ options: SamplingOptions, vocabularySize: Int, breakers: DRYBreakers
  ) -> [any SamplerStage] {
    if options.mirostat > 0 {
      var stages: [any SamplerStage] = []
      if let temperature = Temperature(options.temperature) { stages.append(temperature) }
      if options.mirostat == 1 {
        stages.append(Mirostat1(options, vocabularySize: vocabularySize))
      } else {
        stages.append(Mirostat2(options))
      }
      return stages
    }
    var kinds = options.samplers
    let isGreedy = options.temperature < Temperature.greedy && options.dynamicTemperatureRange == 0
    if isGreedy, let end = kinds.firstIndex(of: .temperature) {
      // Before a greedy choice what only drops unlikely candidates is wasted work, unless a sampler that
      // may drop the likeliest one sees what it left.
      let chooses: Set<SamplerKind> = [.typical, .xtc]
      let matters = kinds[..<end].contains {
        chooses.contains($0) && $0.make(options, breakers: breakers) != nil
      }
      if !matters { kinds.removeAll { $0.keepsBest } }
    }
    return kinds.compactMap { $0.make(options, breakers: breakers) }
  }

  /// A sampler in the same state whose random numbers are those of another stream.
  package func fork(stream: UInt64) -> Sampler {
    var copy = Sampler(
      options: options, vocabularySize: vocabularySize, seed: seed, stream: stream, stages: stages,
      biases: biases, kernels: candidates.kernels)
    copy.position = position
    return copy
  }

  /// Picks the next token.
  ///
  /// - Parameters:
  ///   - logits: `[vocabularySize]`. Some are changed while this runs, none when it returns or throws.
  ///   - mask: bit `t % 64` of word `t / 64` allows token `t`; `nil` allows all.
  /// - Throws: `SamplingError.badLogit` if an allowed token's logit is NaN, plus infinity or beyond ±1e30
  ///   (minus infinity forbids a token); `noTokenAllowed` if nothing is left.
  /// - Complexity: O(*n*) in the vocabulary.
  package mutating func sample(
    _ logits: UnsafeMutableBufferPointer<Float>, mask: UnsafePointer<UInt64>? = nil
  ) throws(SamplingError) -> Int32 {
    drawn = nil
    let words = try narrow(logits, mask)
    defer { candidates.end() }
    let chosen = try candidates.draw(uniform(words[2], words[3]))
    drawn = chosen
    return chosen.token
  }

  /// The distribution the next token is drawn from, valid until the sampler is used again.
  package mutating func distribution(
    _ logits: UnsafeMutableBufferPointer<Float>, mask: UnsafePointer<UInt64>? = nil
  ) throws(SamplingError) -> UnsafeMutableBufferPointer<Candidate> {
    _ = try narrow(logits, mask)
    defer { candidates.end() }
    try candidates.normalise()
    return candidates.entries
  }

  /// Applies the chain; gives the row back its logits if that fails, otherwise the caller must.
  private mutating func narrow(
    _ logits: UnsafeMutableBufferPointer<Float>, _ mask: UnsafePointer<UInt64>?
  ) throws(SamplingError) -> SIMD4<UInt32> {
    precondition(logits.count == vocabularySize, "one logit for each token of the vocabulary")
    let words = random.block(position, stream)
    candidates.begin(logits.baseAddress!, mask: mask)
    do throws(SamplingError) {
      candidates.add(biases)
      for index in stages.indices { try stages[index].apply(to: &candidates, randomWords: words) }
    } catch {
      candidates.end()
      throw error
    }
    return words
  }

  /// Takes note of the next token of the sequence: of the prompt, or the one just sampled.
  package mutating func accept(_ token: Int32) {
    precondition(token >= 0 && Int(token) < vocabularySize, "a token of the vocabulary")
    let probability = drawn?.token == token ? drawn?.probability : nil
    for index in stages.indices { stages[index].accept(token, probability: probability) }
    drawn = nil
    position += 1
  }

  /// The model's own probabilities, before any sampler: the log-probability of `token`, and the `top`
  /// likeliest tokens appended to `likeliest`, best first.
  ///
  /// - Complexity: O(*n*) in the vocabulary.
  package mutating func logProbabilities(
    _ logits: UnsafeMutableBufferPointer<Float>, of token: Int32, top: Int,
    into likeliest: inout [TokenProbability]
  ) throws(SamplingError) -> Double {
    precondition(logits.count == vocabularySize && token >= 0 && Int(token) < vocabularySize)
    candidates.begin(logits.baseAddress!, mask: nil)
    let total = try candidates.logSumExp()
    if top > 0 {
      try candidates.peekTop(min(top, vocabularySize))
      for candidate in candidates.entries {
        likeliest.append(
          TokenProbability(token: candidate.token, logProbability: Double(candidate.logit) - total))
      }
    }
    return Double(logits[Int(token)]) - total
  }
}
