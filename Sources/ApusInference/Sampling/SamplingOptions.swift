// Every knob of sampling, with llama.cpp's defaults and the range each may have. What a knob does is told
// in the file of its sampler.

/// How the next token is chosen from the logits.
///
/// The defaults are llama.cpp's: of the 40 likeliest tokens those that make up 95 % and are at least 5 % as
/// likely as the best, drawn at temperature 0.8.
public struct SamplingOptions: Sendable, Equatable {
  /// The samplers, in the order they are applied. With mirostat only the temperature and mirostat run.
  public var samplers: [SamplerKind] = SamplerKind.defaultOrder
  /// Starts the random numbers; `nil` picks a seed, which `Sampler.seed` then tells.
  public var seed: UInt64?
  /// How many tokens the truncating samplers leave at least.
  public var minKeep = 0

  /// Divides the logits. 0 takes the likeliest token.
  public var temperature = 0.8
  /// The temperature moves this far to both sides of `temperature` with the entropy; 0 is off.
  public var dynamicTemperatureRange = 0.0
  /// Shapes how entropy becomes temperature.
  public var dynamicTemperatureExponent = 1.0

  /// Keeps this many of the likeliest tokens; 0 is off.
  public var topK = 40
  /// Keeps the likeliest tokens that together have this probability; 1 is off.
  public var topP = 0.95
  /// Keeps tokens at least this fraction as likely as the likeliest; 0 is off.
  public var minP = 0.05
  /// Keeps the tokens whose surprise is closest to the entropy and that together have this probability; 1
  /// is off.
  public var typicalP = 1.0
  /// Keeps logits within this many standard deviations of the largest; 0 or less is off.
  public var topNSigma = -1.0
  /// How often the likeliest tokens are left out; 0 is off.
  public var xtcProbability = 0.0
  /// From this probability on a token counts as likely for XTC; above 0.5 is off.
  public var xtcThreshold = 0.1

  /// How many recent tokens are penalised; 0 is off.
  public var penaltyLastN = 64
  /// Divides a recent token's positive logit and multiplies a negative one; 1 is off.
  public var repeatPenalty = 1.0
  /// Subtracted from a recent token's logit for each time it occurs; 0 is off.
  public var frequencyPenalty = 0.0
  /// Subtracted from a recent token's logit once; 0 is off.
  public var presencePenalty = 0.0

  /// Scales the penalty on tokens that would prolong a repetition; 0 is off.
  public var dryMultiplier = 0.0
  /// The penalty grows by this factor with each repeated token; below 1 is off.
  public var dryBase = 1.75
  /// Repetitions shorter than this are free.
  public var dryAllowedLength = 2
  /// How many recent tokens are searched for repetitions; 0 is off.
  public var dryPenaltyLastN = 64
  /// Texts across which no repetition is followed. The caller turns them into tokens, see `DRYBreakers`.
  public var drySequenceBreakers = ["\n", ":", "\"", "*"]

  /// 0 is off, 1 and 2 are the versions of mirostat.
  public var mirostat = 0
  /// The surprise mirostat aims at, in bits.
  public var mirostatTau = 5.0
  /// How fast mirostat adapts.
  public var mirostatEta = 0.1

  /// Added to the logits of single tokens; minus infinity forbids one.
  public var logitBias: [Int32: Double] = [:]

  /// llama.cpp's defaults.
  public init() {}

  /// The most tokens a history may hold.
  public static let maximumLastN = 1 << 20
  /// The most entries of a logit bias.
  public static let maximumBiases = 4096
  /// The most samplers in a chain.
  public static let maximumSamplers = 32
  /// The most sequence breakers.
  public static let maximumBreakers = 64
  /// Biases other than minus infinity.
  public static let biasRange = -10_000.0...10_000.0

  /// Refuses what is not a number or outside its range.
  ///
  /// - Throws: `SamplingError` with the option's name, its value and the allowed range.
  public func validate() throws(SamplingError) {
    for (name, value, range) in ranges where !range.contains(value) {
      throw .outOfRange(option: name, value: value, allowed: range)
    }
    guard samplers.count <= Self.maximumSamplers else {
      throw .tooMany(option: "samplers", count: samplers.count, limit: Self.maximumSamplers)
    }
    guard drySequenceBreakers.count <= Self.maximumBreakers else {
      throw .tooMany(
        option: "dry_sequence_breakers", count: drySequenceBreakers.count, limit: Self.maximumBreakers)
    }
    guard logitBias.count <= Self.maximumBiases else {
      throw .tooMany(option: "logit_bias", count: logitBias.count, limit: Self.maximumBiases)
    }
    for (token, bias) in logitBias.sorted(by: { $0.key < $1.key })
    where bias != -.infinity && !Self.biasRange.contains(bias) {
      throw .bias(token: token, value: bias, allowed: Self.biasRange)
    }
  }

  /// Name, value and range of every number. A comparison with NaN is false, so no range contains it.
  private var ranges: [(String, Double, ClosedRange<Double>)] {
    let lastN = 0...Double(Self.maximumLastN)
    return [
      ("min_keep", Double(minKeep), lastN),
      ("temperature", temperature, 0...100),
      ("dynatemp_range", dynamicTemperatureRange, 0...100),
      ("dynatemp_exponent", dynamicTemperatureExponent, 0...100),
      ("top_k", Double(topK), lastN),
      ("top_p", topP, 0...1),
      ("min_p", minP, 0...1),
      ("typical_p", typicalP, 0...1),
      ("top_n_sigma", topNSigma, -1...100),
      ("xtc_probability", xtcProbability, 0...1),
      ("xtc_threshold", xtcThreshold, 0...1),
      ("repeat_last_n", Double(penaltyLastN), lastN),
      ("repeat_penalty", repeatPenalty, 0.01...100),
      ("frequency_penalty", frequencyPenalty, -100...100),
      ("presence_penalty", presencePenalty, -100...100),
      ("dry_multiplier", dryMultiplier, 0...100),
      ("dry_base", dryBase, 0...100),
      ("dry_allowed_length", Double(dryAllowedLength), lastN),
      ("dry_penalty_last_n", Double(dryPenaltyLastN), lastN),
      ("mirostat", Double(mirostat), 0...2),
      ("mirostat_tau", mirostatTau, 0...100),
      ("mirostat_eta", mirostatEta, 0...1),
    ]
  }
}
