// The samplers by name, in llama.cpp's order. To add one: write its file, then a case here and its line in
// `make`.

/// A sampler that may stand in the chain, by the name llama.cpp gives it.
public enum SamplerKind: String, CaseIterable, Sendable {
  case penalties
  case dry
  case topNSigma = "top_n_sigma"
  case topK = "top_k"
  case typical = "typ_p"
  case topP = "top_p"
  case minP = "min_p"
  case xtc
  case temperature

  /// The order when nothing else is asked for.
  public static var defaultOrder: [SamplerKind] { allCases }

  /// The letter of the short notation.
  public var letter: Character {
    switch self {
    case .penalties: "e"
    case .dry: "d"
    case .topNSigma: "s"
    case .topK: "k"
    case .typical: "y"
    case .topP: "p"
    case .minP: "m"
    case .xtc: "x"
    case .temperature: "t"
    }
  }

  /// Reads a list such as `penalties;dry;top_k;temperature`.
  ///
  /// Case does not matter, `-` or nothing may stand for `_`, and `nucleus`, `temp`, `typ` are known.
  ///
  /// - Throws: `SamplingError.unknownSampler`.
  public static func parse(names: String) throws(SamplingError) -> [SamplerKind] {
    var kinds: [SamplerKind] = []
    for name in names.split(separator: ";") {
      let bare = String(name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " })
      guard let kind = allCases.first(where: { $0.spellings.contains(bare) }) else {
        throw .unknownSampler(
          name: String(name), known: allCases.map(\.rawValue).joined(separator: ", "))
      }
      kinds.append(kind)
    }
    return kinds
  }

  /// Reads the short notation, such as `edskypmxt`.
  ///
  /// - Throws: `SamplingError.unknownSampler`.
  public static func parse(letters: String) throws(SamplingError) -> [SamplerKind] {
    var kinds: [SamplerKind] = []
    for letter in letters {
      guard let kind = allCases.first(where: { $0.letter == letter }) else {
        throw .unknownSampler(
          name: String(letter),
          known: allCases.map { "\($0.letter) (\($0.rawValue))" }.joined(separator: ", "))
      }
      kinds.append(kind)
    }
    return kinds
  }

  private var spellings: [String] {
    let bare = rawValue.filter { $0 != "_" }
    switch self {
    case .topP: return [bare, "nucleus"]
    case .temperature: return [bare, "temp"]
    case .typical: return [bare, "typ", "typical"]
    default: return [bare]
    }
  }

  /// True if the sampler never drops the likeliest candidate, so that it makes no difference before a
  /// greedy choice.
  var keepsBest: Bool {
    switch self {
    case .topNSigma, .topK, .topP, .minP: true
    case .penalties, .dry, .typical, .xtc, .temperature: false
    }
  }

  /// The sampler with its part of the options; `nil` if they turn it off.
  func make(_ options: SamplingOptions, breakers: DRYBreakers) -> (any SamplerStage)? {
    switch self {
    case .penalties: Penalties(options)
    case .dry: DRY(options, breakers: breakers)
    case .topNSigma: TopNSigma(options)
    case .topK: TopK(options)
    case .typical: Typical(options)
    case .topP: TopP(options)
    case .minP: MinP(options)
    case .xtc: XTC(options)
    case .temperature: Temperature(options)
    }
  }
}
