// The knobs: defaults, ranges, and the notations for the order of samplers.

import ApusInference
import Testing

@Suite struct SamplingOptionsTests {
  @Test func defaultsAreLlamaCpps() throws {
    let options = SamplingOptions()
    try options.validate()
    #expect(
      options.samplers.map(\.rawValue).joined(separator: ";")
        == "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature")
    #expect(String(options.samplers.map(\.letter)) == "edskypmxt")
  }

  /// A numeric option: its name, how to set it, and its range.
  struct Knob: Sendable, CustomTestStringConvertible {
    let name: String
    let set: @Sendable (inout SamplingOptions, Double) -> Void
    let range: ClosedRange<Double>
    var isWhole = false
    var testDescription: String { name }

    init(
      _ name: String, _ path: WritableKeyPath<SamplingOptions, Double> & Sendable,
      _ range: ClosedRange<Double>
    ) {
      self.name = name
      self.range = range
      set = { $0[keyPath: path] = $1 }
    }

    init(
      whole name: String, _ path: WritableKeyPath<SamplingOptions, Int> & Sendable,
      _ range: ClosedRange<Double>
    ) {
      self.name = name
      self.range = range
      isWhole = true
      set = { $0[keyPath: path] = Int($1) }
    }
  }

  static let million = 0...1_048_576.0

  static let knobs: [Knob] = [
    Knob("temperature", \.temperature, 0...100),
    Knob("dynatemp_range", \.dynamicTemperatureRange, 0...100),
    Knob("dynatemp_exponent", \.dynamicTemperatureExponent, 0...100),
    Knob("top_p", \.topP, 0...1),
    Knob("min_p", \.minP, 0...1),
    Knob("typical_p", \.typicalP, 0...1),
    Knob("top_n_sigma", \.topNSigma, -1...100),
    Knob("xtc_probability", \.xtcProbability, 0...1),
    Knob("xtc_threshold", \.xtcThreshold, 0...1),
    Knob("repeat_penalty", \.repeatPenalty, 0.01...100),
    Knob("frequency_penalty", \.frequencyPenalty, -100...100),
    Knob("presence_penalty", \.presencePenalty, -100...100),
    Knob("dry_multiplier", \.dryMultiplier, 0...100),
    Knob("dry_base", \.dryBase, 0...100),
    Knob("mirostat_tau", \.mirostatTau, 0...100),
    Knob("mirostat_eta", \.mirostatEta, 0...1),
    Knob(whole: "top_k", \.topK, million),
    Knob(whole: "min_keep", \.minKeep, million),
    Knob(whole: "repeat_last_n", \.penaltyLastN, million),
    Knob(whole: "dry_allowed_length", \.dryAllowedLength, million),
    Knob(whole: "dry_penalty_last_n", \.dryPenaltyLastN, million),
    Knob(whole: "mirostat", \.mirostat, 0...2),
  ]

  @Test("F41: what is not a number or out of range is refused", arguments: knobs)
  func ranges(_ knob: Knob) throws {
    var options = SamplingOptions()
    for value in [knob.range.lowerBound, knob.range.upperBound] {
      knob.set(&options, value)
      try options.validate()
    }
    var wrong = [knob.range.lowerBound - 1, knob.range.upperBound + 1, knob.range.lowerBound - 5]
    if !knob.isWhole {
      wrong += [.nan, .infinity, -.infinity, 1e308, -1e308, knob.range.upperBound.nextUp]
    }
    for value in wrong {
      knob.set(&options, value)
      let error = try #require(throws: SamplingError.self) { try options.validate() }
      guard case .outOfRange(knob.name, let told, knob.range) = error else {
        Issue.record("\(error)")
        continue
      }
      #expect(told == value || (told.isNaN && value.isNaN))
    }
  }

  @Test func refusalsAreOneClearLine() {
    var options = SamplingOptions()
    options.topK = -5
    #expect(message(options) == "top_k is -5: the allowed range is 0 to 1048576")
    options.topK = 40
    options.temperature = .nan
    #expect(message(options) == "temperature is nan: the allowed range is 0 to 100")
    options.temperature = 1e308
    #expect(message(options) == "temperature is 1e+308: the allowed range is 0 to 100")
    options.temperature = 1
    options.logitBias = [3: .infinity]
    #expect(
      message(options)
        == "logit bias inf for token 3: the allowed range is -10000 to 10000, or -inf to forbid the token")
    options.logitBias = [3: -.infinity, 4: .nan]
    #expect(message(options)?.contains("token 4") == true)
    options.logitBias = Dictionary(uniqueKeysWithValues: (0..<5000).map { ($0, 1) })
    #expect(message(options) == "logit_bias has 5000 entries: at most 4096 are allowed")
    options.logitBias = [:]
    options.samplers = Array(repeating: .topK, count: 33)
    #expect(message(options) == "samplers has 33 entries: at most 32 are allowed")
    options.samplers = []
    options.drySequenceBreakers = Array(repeating: "x", count: 65)
    #expect(message(options) == "dry_sequence_breakers has 65 entries: at most 64 are allowed")
  }

  private func message(_ options: SamplingOptions) -> String? {
    do throws(SamplingError) { try options.validate() } catch { return error.description }
    return nil
  }

  @Test func biasMustBeForATokenOfTheVocabulary() {
    for token: Int32 in [-1, 100, .max, .min] {
      var options = SamplingOptions()
      options.logitBias = [token: 1]
      #expect(throws: SamplingError.biasToken(token: token, vocabulary: 100)) {
        _ = try Sampler(options: options, vocabularySize: 100, kernels: Kernels.portable.table).position
      }
    }
  }

  @Test func namesAndLetters() throws {
    #expect(
      try SamplerKind.parse(names: "top_k;Temperature;min-p;topnsigma") == [
        .topK, .temperature, .minP, .topNSigma,
      ])
    #expect(
      try SamplerKind.parse(names: "nucleus;temp;typ;typ_p;typical") == [
        .topP, .temperature, .typical, .typical, .typical,
      ])
    #expect(try SamplerKind.parse(names: "") == [])
    #expect(try SamplerKind.parse(letters: "kmt") == [.topK, .minP, .temperature])
    for kind in SamplerKind.allCases {
      #expect(try SamplerKind.parse(names: kind.rawValue) == [kind])
      #expect(try SamplerKind.parse(letters: String(kind.letter)) == [kind])
    }
    #expect(throws: SamplingError.self) { try SamplerKind.parse(names: "top_k;infill") }
    #expect(throws: SamplingError.self) { try SamplerKind.parse(letters: "kz") }
    do {
      _ = try SamplerKind.parse(names: "tok_k")
    } catch {
      #expect(error.description.hasPrefix("unknown sampler 'tok_k': known are penalties, dry,"))
    }
  }
}
