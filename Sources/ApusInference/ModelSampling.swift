// A model's own sampling defaults, as its file records them, and samplers for its vocabulary.

import ApusFiles
import ApusText

extension Model {
  /// Sampling defaults: llama.cpp's, overridden by the file's `general.sampling.*` keys or by
  /// generation_config.json.
  ///
  /// - Returns: the options, and the names of those that came from the file.
  public var samplingDefaults: (options: SamplingOptions, fromFile: [String]) {
    var options = SamplingOptions()
    var names: [String] = []
    func number(_ name: String) -> Double? {
      guard let number = files.samplingDefault(name) else { return nil }
      names.append(name)
      return number
    }
    if let value = number("temp") { options.temperature = value }
    if let value = number("top_k").flatMap({ Int(exactly: $0) }) { options.topK = value }
    if let value = number("top_p") { options.topP = value }
    if let value = number("min_p") { options.minP = value }
    if let value = number("xtc_probability") { options.xtcProbability = value }
    if let value = number("xtc_threshold") { options.xtcThreshold = value }
    if let value = number("penalty_last_n").flatMap({ Int(exactly: $0) }) { options.penaltyLastN = value }
    if let value = number("penalty_repeat") { options.repeatPenalty = value }
    if let value = number("mirostat").flatMap({ Int(exactly: $0) }) { options.mirostat = value }
    if let value = number("mirostat_tau") { options.mirostatTau = value }
    if let value = number("mirostat_eta") { options.mirostatEta = value }
    return (options, names)
  }
}

extension Model {
  /// A sampler for this vocabulary.
  ///
  /// - Parameter stream: tells apart sequences that share a seed.
  package func makeSampler(
    _ options: SamplingOptions, stream: UInt64 = 0
  ) throws(SamplingError) -> Sampler {
    let breakers =
      options.dryMultiplier > 0
      ? DRYBreakers(
        options.drySequenceBreakers, vocabularySize: tokenizer.vocabulary.count,
        bytes: { token in
          var bytes: [UInt8] = []
          tokenizer.appendBytes(of: token, to: &bytes)
          return bytes
        },
        tokenise: { (try? tokenizer.encode($0, addSpecial: false)) ?? [] })
      : DRYBreakers()
    return try Sampler(
      options: options, vocabularySize: configuration.vocabularySize, kernels: runtime.cpu.table,
      breakers: breakers, stream: stream)
  }
}
