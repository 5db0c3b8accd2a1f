// How tokens are chosen, by llama.cpp's names. An option that is absent leaves what the model's file recommends,
// or else llama.cpp's default, which is what the help shows.

import ApusInference

/// One sampling option: its row, and how its value enters `SamplingOptions`.
private struct Knob: Sendable {
  let row: OptionRow
  /// Sets the value when the option was given; the last argument is the context length.
  let apply: @Sendable (Values, inout SamplingOptions, Int) throws -> Void

  init<Value>(
    _ option: Option<Value>, _ apply: @escaping @Sendable (Value, inout SamplingOptions, Int) throws -> Void
  ) {
    let option = option.grouped("Sampling")
    row = option.row
    self.apply = { values, options, context in
      if values.has(option) { try apply(values[option], &options, context) }
    }
  }

  /// A number that is one property of the options, with that property's default shown.
  static func number(
    _ name: String, also: [String] = [], in range: ClosedRange<Double>,
    _ path: any WritableKeyPath<SamplingOptions, Double> & Sendable, _ help: String
  ) -> Knob {
    let value = SamplingOptions()[keyPath: path]
    return Knob(.number(name, also: also, in: range, default: value, help: help)) { value, options, _ in
      options[keyPath: path] = value
    }
  }

  /// A whole number that is one property of the options.
  static func count(
    _ name: String, in range: ClosedRange<Int> = 0...SamplingOptions.maximumLastN,
    _ path: any WritableKeyPath<SamplingOptions, Int> & Sendable, _ help: String
  ) -> Knob {
    let value = SamplingOptions()[keyPath: path]
    return Knob(.integer(name, in: range, default: value, help: help)) { value, options, context in
      // Only the counts of recent tokens let −1 through.
      options[keyPath: path] = value < 0 ? min(context, SamplingOptions.maximumLastN) : value
    }
  }
}

/// The sampling options of every generating command.
enum SamplingFlags {
  static var rows: [OptionRow] { knobs.map(\.row) }

  /// `options` with what the command line says.
  ///
  /// - Throws: `CommandError.usage`.
  static func apply(
    _ values: Values, to options: SamplingOptions, contextLength: Int
  ) throws -> SamplingOptions {
    var options = options
    do {
      for knob in knobs { try knob.apply(values, &options, contextLength) }
      try options.validate()
    } catch let error as SamplingError {
      throw CommandError.usage(error.description)
    }
    return options
  }

  private static let recent = -1...SamplingOptions.maximumLastN

  private static let knobs: [Knob] = [
    Knob(seed) { seed, options, _ in options.seed = seed },
    .number(
      "temp", also: ["temperature"], in: 0...100, \.temperature,
      "Divides the logits; 0 takes the likeliest token"),
    .count("top-k", \.topK, "Keep this many of the likeliest tokens; 0 is off"),
    .number(
      "top-p", in: 0...1, \.topP, "Keep the likeliest tokens that have this probability together; 1 is off"),
    .number(
      "min-p", in: 0...1, \.minP, "Keep tokens at least this fraction as likely as the likeliest; 0 is off"),
    .number(
      "top-nsigma", also: ["top-n-sigma"], in: -1...100, \.topNSigma,
      "Keep logits within this many standard deviations of the largest; -1 is off"),
    .number(
      "typical", also: ["typical-p"], in: 0...1, \.typicalP,
      "Keep the most typical tokens with this probability together; 1 is off"),
    .number(
      "xtc-probability", in: 0...1, \.xtcProbability, "How often the likeliest tokens are left out; 0 is off"),
    .number(
      "xtc-threshold", in: 0...1, \.xtcThreshold, "From this probability on a token counts as likely for XTC"),
    .count(
      "repeat-last-n", in: recent, \.penaltyLastN,
      "Recent tokens that are penalised; 0 is off, -1 the whole context"),
    .number("repeat-penalty", in: 0.01...100, \.repeatPenalty, "Penalty on recent tokens; 1 is off"),
    .number(
      "presence-penalty", in: -100...100, \.presencePenalty,
      "Subtracted from the logit of recent tokens; 0 is off"),
    .number(
      "frequency-penalty", in: -100...100, \.frequencyPenalty,
      "Subtracted once for each recent occurrence; 0 is off"),
    .number(
      "dry-multiplier", in: 0...100, \.dryMultiplier, "Penalty on tokens that prolong a repetition; 0 is off"),
    .number(
      "dry-base", in: 0...100, \.dryBase, "The DRY penalty grows by this factor with each repeated token"),
    .count("dry-allowed-length", \.dryAllowedLength, "Shorter repetitions are free of the DRY penalty"),
    .count(
      "dry-penalty-last-n", in: recent, \.dryPenaltyLastN,
      "Recent tokens searched for repetitions; 0 is off, -1 the whole context"),
    Knob(breakers) { texts, options, _ in
      options.drySequenceBreakers = texts.contains("none") ? [] : texts.map(unescaped)
    },
    .number(
      "dynatemp-range", in: 0...100, \.dynamicTemperatureRange,
      "The temperature moves this far with the entropy; 0 is off"),
    .number("dynatemp-exp", in: 0...100, \.dynamicTemperatureExponent, "How entropy becomes temperature"),
    .count("mirostat", in: 0...2, \.mirostat, "1 or 2 for the versions of mirostat; 0 is off"),
    .number("mirostat-lr", in: 0...1, \.mirostatEta, "How fast mirostat adapts (eta)"),
    .number("mirostat-ent", in: 0...100, \.mirostatTau, "The surprise mirostat aims at, in bits (tau)"),
    .count("min-keep", \.minKeep, "The truncating samplers leave at least this many tokens"),
    Knob(samplers) { text, options, _ in
      if let text { options.samplers = try SamplerKind.parse(names: text) }
    },
    Knob(letters) { text, options, _ in
      if let text { options.samplers = try SamplerKind.parse(letters: text) }
    },
    Knob(biases) { texts, options, _ in
      for text in texts {
        let (token, bias) = try bias(text)
        options.logitBias[token] = bias
      }
    },
  ]

  private static let seed = Option<UInt64?>(
    row: OptionRow(
      name: "seed", short: "s", placeholder: "N",
      help: "Start of the random numbers; -1 is a new one each time",
      defaultText: "-1"
    ) { texts throws(ValueProblem) -> UInt64? in
      let text = texts.last ?? ""
      if text == "-1" { return nil }
      guard let seed = UInt64(text) else {
        throw ValueProblem(text: "is no whole number from -1 to \(UInt64.max)")
      }
      return seed
    }, absent: nil)

  private static let samplers = Option<String?>.text(
    "samplers", placeholder: "NAMES",
    defaultText: SamplerKind.defaultOrder.map(\.rawValue).joined(separator: "; "),
    help: "The samplers in the order they are applied, with semicolons between them")
  private static let letters = Option<String?>.text(
    "sampler-seq", also: ["sampling-seq"], placeholder: "LETTERS",
    defaultText: String(SamplerKind.defaultOrder.map(\.letter)), help: "The same in short")
  private static let breakers = Option<[String]>.list(
    "dry-sequence-breaker", help: "A text across which no repetition is followed; none for no such text")
  private static let biases = Option<[String]>.list(
    "logit-bias", "l", placeholder: "ID±BIAS",
    help: "Add to the logit of a token: 15043+1, 15043-0.5, 15043-inf to forbid it")

  /// The token and the number of `15043+1`, `15043-0.5` or `15043-inf`.
  private static func bias(_ text: String) throws(CommandError) -> (Int32, Double) {
    guard let sign = text.firstIndex(where: { $0 == "+" || $0 == "-" }), let token = Int32(text[..<sign]),
      token >= 0
    else {
      throw .usage(
        "option '--logit-bias': '\(visible(text))' is not a token id with a bias, such as 15043-0.5")
    }
    let number = String(text[text.index(after: sign)...])
    if number == "inf", text[sign] == "-" { return (token, -.infinity) }
    do {
      let value = try finiteNumber(number, in: SamplingOptions.biasRange)
      return (token, text[sign] == "-" ? -value : value)
    } catch {
      throw .usage("option '--logit-bias': '\(visible(text))': '\(visible(number))' \(error.text)")
    }
  }

  /// `\n`, `\t`, `\\` and `\"` as a shell passes them.
  private static func unescaped(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      guard character == "\\", let next = rest.popFirst() else {
        result.append(character)
        continue
      }
      switch next {
      case "n": result.append("\n")
      case "t": result.append("\t")
      case "r": result.append("\r")
      case "\\", "\"", "'": result.append(next)
      default: result += ["\\", next]
      }
    }
    return result
  }
}
