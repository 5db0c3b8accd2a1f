// The options that generating commands share, under the names llama.cpp's users know: the model and its
// context, then how tokens are chosen.

import Apus
import ApusInference

/// Options about the model and the machine.
enum ModelFlags {
  static let model = Option<String?>.file(
    "model", "m", help: "The model, a GGUF file (or the first argument)")
  static let context = Option<Int?>.integer(
    "ctx-size", "c", also: ["context"], in: 0...16_777_216, defaultText: "the model's, or what fits in memory",
    help: "Positions a sequence may have; 0 is the default")
  static let threads = Option<Int?>.integer(
    "threads", "t", defaultText: "one per core", environment: "APUS_THREADS", help: "Threads to compute with")
  static let batch = Option<Int>.integer(
    "batch-size", "b", in: 1...65_536, default: 512, help: "Tokens computed in one step")
  static let cacheType = Option<KVFormat>.choice(
    "cache-type", placeholder: "TYPE", default: .f16, help: "The format of the KV cache")
  static let verbose = Option<Bool>.flag(
    "verbose", "v", help: "Say on standard error what was chosen and where it comes from")
  static let json = Option<Bool>.flag(
    "json", help: "End with one line of JSON")

  static let rows: [OptionRow] = [
    model.row, context.row, threads.row, batch.row, cacheType.row, verbose.row, json.row,
  ]

  /// The runtime the options ask for; its notes go to standard error.
  static func runtime(_ values: Values, _ console: Console) throws -> Runtime {
    let runtime = try Runtime(options: RuntimeOptions(threads: values[threads]))
    for note in runtime.notes { console.note("note: \(note)") }
    return runtime
  }

  /// The engine the options ask for.
  static func engineOptions(
    _ values: Values, _ model: Model, _ console: Console, sequences: Int = 1
  ) throws -> EngineOptions {
    let asked = values[context].flatMap { $0 > 0 ? $0 : nil }
    let options = try EngineOptions.fitting(
      model, contextLength: asked, sequences: sequences, keyValueFormat: values[cacheType],
      batchTokens: values[batch])
    let trained = model.configuration.contextLength
    if asked == nil, options.contextLength < trained {
      console.note(
        "note: context \(options.contextLength) of \(trained): what fits in memory; -c sets it")
    } else if options.contextLength > trained {
      console.note("note: context \(options.contextLength) is more than the \(trained) the model was trained for")
    }
    return options
  }

  /// Loads a model with a progress bar.
  static func load(_ path: String, _ runtime: Runtime, _ console: Console) throws -> Model {
    var bar: ProgressBar?
    defer { bar?.finish() }
    return try Model(path, runtime: runtime) { done, total in
      if bar == nil { bar = ProgressBar("loading", total: total, on: console) }
      bar?.update(done)
    }
  }
}

/// Options about how tokens are chosen. Each stands for a field of `SamplingOptions`.
enum SamplingFlags {
  private static let heading = "Sampling"
  private static let d = SamplingOptions()

  static let maxTokens = Option<Int?>.integer(
    "predict", "n", also: ["n-predict", "max-tokens"], in: -2...Int.max,
    defaultText: "to the end of the text or the context",
    help: "Tokens to generate; -1 and -2 are the default")
  static let seed = Option<Int?>.integer(
    "seed", "s", in: -1...Int.max, defaultText: "random", help: "Start of the random numbers; -1 is random"
  ).grouped(heading)
  static let temperature = number("temp", also: ["temperature"], d.temperature, 0...100, "Temperature; 0 is greedy")
  static let topK = integer("top-k", d.topK, 0...1_000_000, "Keep this many of the likeliest tokens; 0 is off")
  static let topP = number("top-p", d.topP, 0...1, "Keep the likeliest tokens with this probability together")
  static let minP = number("min-p", d.minP, 0...1, "Keep tokens at least this fraction as likely as the likeliest")
  static let typical = number("typical", also: ["typical-p"], d.typicalP, 0...1, "Locally typical sampling; 1 is off")
  static let topNSigma = number(
    "top-nsigma", also: ["top-n-sigma"], d.topNSigma, -1...100, "Keep logits within this many deviations; -1 is off")
  static let xtcProbability = number("xtc-probability", d.xtcProbability, 0...1, "Chance of leaving out top tokens")
  static let xtcThreshold = number("xtc-threshold", d.xtcThreshold, 0...1, "From here on a token is a top token")
  static let minKeep = integer("min-keep", d.minKeep, 0...1_000_000, "Tokens every sampler leaves at least")
  static let repeatLastN = integer("repeat-last-n", d.penaltyLastN, 0...1_000_000, "Recent tokens penalised")
  static let repeatPenalty = number("repeat-penalty", d.repeatPenalty, 0.01...100, "Penalty on recent tokens; 1 is off")
  static let presencePenalty = number("presence-penalty", d.presencePenalty, -100...100, "Penalty on seen tokens")
  static let frequencyPenalty = number(
    "frequency-penalty", d.frequencyPenalty, -100...100, "Penalty for each occurrence")
  static let dryMultiplier = number("dry-multiplier", d.dryMultiplier, 0...100, "DRY penalty on repetitions; 0 is off")
  static let dryBase = number("dry-base", d.dryBase, 0...100, "Growth of the DRY penalty")
  static let dryAllowedLength = integer(
    "dry-allowed-length", d.dryAllowedLength, 0...1_000_000, "Repetitions DRY lets pass")
  static let dryLastN = integer("dry-penalty-last-n", d.dryPenaltyLastN, 0...1_000_000, "Tokens DRY searches")
  static let dryBreakers = Option<[String]>.list(
    "dry-sequence-breaker", help: "Text across which DRY follows no repetition; several may be given"
  ).grouped(heading)
  static let dynamicRange = number("dynatemp-range", d.dynamicTemperatureRange, 0...100, "Dynamic temperature; 0 is off")
  static let dynamicExponent = number("dynatemp-exp", d.dynamicTemperatureExponent, 0...100, "Its exponent")
  static let mirostat = integer("mirostat", d.mirostat, 0...2, "Mirostat version; 0 is off")
  static let mirostatTau = number("mirostat-ent", d.mirostatTau, 0...100, "The surprise mirostat aims at")
  static let mirostatEta = number("mirostat-lr", d.mirostatEta, 0...1, "Mirostat's learning rate")
  static let samplers = Option<String?>.text(
    "samplers", placeholder: "A;B;…", defaultText: "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature",
    help: "The samplers in their order"
  ).grouped(heading)
  static let logitBias = Option<[String]>.list(
    "logit-bias", "l", placeholder: "ID±BIAS", help: "Add to a token's logit, as 15043+1 or 15043-inf"
  ).grouped(heading)
  static let stop = Option<[String]>.list(
    "reverse-prompt", "r", also: ["stop"], help: "End the answer at this text; several may be given")
  static let ignoreEndOfText = Option<Bool>.flag("ignore-eos", help: "Go on past the model's end of text")

  static let rows: [OptionRow] = [
    maxTokens.row, stop.row, ignoreEndOfText.row,
    seed.row, temperature.row, topK.row, topP.row, minP.row, typical.row, topNSigma.row, xtcProbability.row,
    xtcThreshold.row, minKeep.row, repeatLastN.row, repeatPenalty.row, presencePenalty.row, frequencyPenalty.row,
    dryMultiplier.row, dryBase.row, dryAllowedLength.row, dryLastN.row, dryBreakers.row, dynamicRange.row,
    dynamicExponent.row, mirostat.row, mirostatTau.row, mirostatEta.row, samplers.row, logitBias.row,
  ]

  /// The model's defaults with what the command line says on top.
  static func options(_ values: Values, _ model: Model) throws -> GenerationOptions {
    var sampling = model.samplingDefaults.options
    func set<Value>(_ option: Option<Value>, _ field: WritableKeyPath<SamplingOptions, Value>) {
      if values.has(option) { sampling[keyPath: field] = values[option] }
    }
    set(temperature, \.temperature)
    set(topK, \.topK)
    set(topP, \.topP)
    set(minP, \.minP)
    set(typical, \.typicalP)
    set(topNSigma, \.topNSigma)
    set(xtcProbability, \.xtcProbability)
    set(xtcThreshold, \.xtcThreshold)
    set(minKeep, \.minKeep)
    set(repeatLastN, \.penaltyLastN)
    set(repeatPenalty, \.repeatPenalty)
    set(presencePenalty, \.presencePenalty)
    set(frequencyPenalty, \.frequencyPenalty)
    set(dryMultiplier, \.dryMultiplier)
    set(dryBase, \.dryBase)
    set(dryAllowedLength, \.dryAllowedLength)
    set(dryLastN, \.dryPenaltyLastN)
    set(dryBreakers, \.drySequenceBreakers)
    set(dynamicRange, \.dynamicTemperatureRange)
    set(dynamicExponent, \.dynamicTemperatureExponent)
    set(mirostat, \.mirostat)
    set(mirostatTau, \.mirostatTau)
    set(mirostatEta, \.mirostatEta)
    if let seed = values[seed], seed >= 0 { sampling.seed = UInt64(seed) }
    if let list = values[samplers] { sampling.samplers = try SamplerKind.parse(names: list) }
    sampling.logitBias = try biases(values[logitBias])
    try sampling.validate()
    var options = GenerationOptions()
    options.sampling = sampling
    options.stop = values[stop]
    options.ignoresEndOfText = values[ignoreEndOfText]
    options.maxTokens = values[maxTokens].flatMap { $0 < 0 ? nil : $0 }
    return options
  }

  /// What is in force, for `--verbose`: the name in a model file, the value, the option's name.
  static func listing(_ o: SamplingOptions) -> [(name: String, value: String, flag: String)] {
    [
      ("temp", "\(o.temperature)", temperature.row.name), ("top_k", "\(o.topK)", topK.row.name),
      ("top_p", "\(o.topP)", topP.row.name), ("min_p", "\(o.minP)", minP.row.name),
      ("typical_p", "\(o.typicalP)", typical.row.name),
      ("penalty_repeat", "\(o.repeatPenalty)", repeatPenalty.row.name),
      ("penalty_last_n", "\(o.penaltyLastN)", repeatLastN.row.name),
      ("mirostat", "\(o.mirostat)", mirostat.row.name),
      ("seed", o.seed.map { "\($0)" } ?? "random", seed.row.name),
    ]
  }

  private static func biases(_ texts: [String]) throws(CommandError) -> [Int32: Double] {
    var biases: [Int32: Double] = [:]
    for text in texts {
      guard let sign = text.lastIndex(where: { $0 == "+" || $0 == "-" }), sign > text.startIndex,
        let token = Int32(text[..<sign]), let bias = Double(text[sign...]), !bias.isNaN
      else { throw .usage("'\(text)' is not a logit bias; write it as 15043+1 or 15043-inf") }
      biases[token] = bias
    }
    return biases
  }

  private static func number(
    _ name: String, also: [String] = [], _ value: Double, _ range: ClosedRange<Double>, _ help: String
  ) -> Option<Double> {
    .number(name, also: also, in: range, default: value, help: help).grouped(heading)
  }

  private static func integer(
    _ name: String, _ value: Int, _ range: ClosedRange<Int>, _ help: String
  ) -> Option<Int> {
    .integer(name, in: range, default: value, help: help).grouped(heading)
  }
}
