// What a folder's config.json says of the rotary embedding: its base, and how it is stretched to longer contexts. GGUF
// files say the same in keys and in tensors of factors; this gives both.
//
// The formulas are those of transformers' modeling_rope_utils: Llama 3.1's bands, LongRoPE (arXiv:2402.13753), YaRN
// (arXiv:2309.00071).

import ApusBasics
import ApusFiles
import CApusKernels

/// Keys and factors of a rotary embedding.
package struct HuggingFaceRotary: Sendable {
  /// By the names of GGUF keys without the architecture, such as "rope.scaling.factor".
  package var settings: [String: HyperparameterValue] = [:]
  /// Factors of frequencies by the names of GGUF tensors, such as "rope_freqs.weight".
  package var factors: [String: [Float]] = [:]

  /// Sizes that the formulas need besides what the section says.
  package struct Sizes: Sendable {
    package var headSize: Int
    package var context: Int
    package var base: Double

    package init(headSize: Int, context: Int, base: Double) {
      (self.headSize, self.context, self.base) = (headSize, context, base)
    }
  }

  /// Reads one section, "rope_parameters" or "rope_scaling".
  ///
  /// - Parameters:
  ///   - section: the object and the path it is at; nil where there is none.
  ///   - config: the whole document.
  /// - Throws: `HuggingFaceError` with the key at fault.
  package init(
    _ section: (path: String, value: JSONValue)?, _ config: JSONValue, _ sizes: Sizes, file: String
  ) throws(HuggingFaceError) {
    let reader = Section(section: section, file: file)
    let share = try reader.number("partial_rotary_factor") ?? (config["partial_rotary_factor"]?.double ?? 1)
    guard share > 0, share <= 1 else {
      throw HuggingFaceError(file, .invalid(key: "partial_rotary_factor", expected: "more than 0, up to 1"))
    }
    let dimensions = Int(Double(sizes.headSize) * share)
    if dimensions > 0 { settings["rope.dimension_count"] = .integer(dimensions) }
    let (newer, older) = (try reader.text("rope_type"), try reader.text("type"))
    let kind = newer ?? older ?? "default"
    let inSection = try reader.whole("original_max_position_embeddings")
    let said = config["original_max_position_embeddings"]?.int ?? inSection
    let original = said ?? sizes.context
    guard original > 0 else {
      throw HuggingFaceError(
        file, .invalid(key: "original_max_position_embeddings", expected: "a positive whole number"))
    }
    func keepOriginal() { settings["rope.scaling.original_context_length"] = .integer(original) }
    switch kind {
    case "default": if said != nil { keepOriginal() }
    case "linear":
      settings["rope.scaling.type"] = .text("linear")
      settings["rope.scaling.factor"] = .real(try reader.positive("factor"))
    case "yarn":
      let factor = try reader.number("factor") ?? Double(sizes.context) / Double(original)
      settings["rope.scaling.type"] = .text("yarn")
      settings["rope.scaling.factor"] = .real(factor)
      keepOriginal()
      for (key, name) in [("beta_fast", "yarn_beta_fast"), ("beta_slow", "yarn_beta_slow")] {
        if let value = try reader.number(key) { settings["rope.scaling.\(name)"] = .real(value) }
      }
      if let attention = try reader.number("attention_factor") {
        // Here the factor is on top of the one that follows from the scaling.
        settings["rope.scaling.attn_factor"] = .real(attention / (1 + 0.1 * apus_log(factor)))
      }
      for (key, neutral) in [("mscale", nil), ("mscale_all_dim", nil), ("truncate", JSONValue.bool(true))] {
        if let value = reader.member(key), value != neutral {
          throw HuggingFaceError(
            file, .unsupported("\"\(reader.path(key))\" is \(value.serialized()); not supported"))
        }
      }
    case "llama3":
      keepOriginal()
      let bands = LlamaBands(
        factor: try reader.positive("factor"), low: try reader.positive("low_freq_factor"),
        high: try reader.positive("high_freq_factor"), original: Double(original))
      guard bands.high > bands.low else {
        throw HuggingFaceError(
          file, .invalid(key: reader.path("high_freq_factor"), expected: "more than low_freq_factor"))
      }
      factors["rope_freqs.weight"] = bands.factors(base: sizes.base, dimensions: dimensions)
    case "longrope", "su":
      keepOriginal()
      factors["rope_factors_long.weight"] = try reader.factors("long_factor", count: dimensions / 2)
      factors["rope_factors_short.weight"] = try reader.factors("short_factor", count: dimensions / 2)
      let factor = try reader.number("factor") ?? Double(sizes.context) / Double(original)
      let implied = factor <= 1 ? 1 : (1 + apus_log(factor) / apus_log(Double(original))).squareRoot()
      settings["rope.scaling.attn_factor"] = .real(try reader.number("attention_factor") ?? implied)
    default:
      throw HuggingFaceError(
        file,
        .unsupported(
          "\"\(reader.path("rope_type"))\" is \(kind); supported: default, linear, llama3, longrope, yarn"))
    }
  }
}

/// The bands of Llama 3.1: long waves are stretched by `factor`, short ones not at all, those between in part.
package struct LlamaBands: Equatable, Sendable {
  package var factor: Double
  package var low: Double
  package var high: Double
  /// The context before stretching.
  package var original: Double

  package init(factor: Double, low: Double, high: Double, original: Double) {
    (self.factor, self.low, self.high, self.original) = (factor, low, high, original)
  }

  /// The context before stretching that would give `factors`: where a wave is stretched in part, the part tells it.
  package func original(of factors: [Float], base: Double) -> Double? {
    for (pair, value) in factors.enumerated() where value > 1 && Double(value) < factor {
      let share = (1 / Double(value) - 1 / factor) / (1 - 1 / factor)
      let wave = 2 * Double.pi * apus_exp(Double(pair) / Double(factors.count) * apus_log(base))
      return (wave * (low + share * (high - low))).rounded()
    }
    return nil
  }

  /// What each pair's frequency is divided by.
  package func factors(base: Double, dimensions: Int) -> [Float] {
    (0..<dimensions / 2).map { pair in
      let wave = 2 * Double.pi * apus_exp(2 * Double(pair) / Double(dimensions) * apus_log(base))
      if wave < original / high { return 1 }
      if wave > original / low { return Float(factor) }
      let share = (original / wave - low) / (high - low)
      return Float(1 / ((1 - share) / factor + share))
    }
  }
}

/// Members of a section with errors that say where.
private struct Section {
  var section: (path: String, value: JSONValue)?
  var file: String

  func path(_ key: String) -> String { section.map { "\($0.path).\(key)" } ?? key }

  func member(_ key: String) -> JSONValue? {
    section?.value[key].flatMap { $0.isNull ? nil : $0 }
  }

  func number(_ key: String) throws(HuggingFaceError) -> Double? {
    guard let value = member(key) else { return nil }
    guard let number = value.double, number.isFinite, number > 0 else { throw bad(key, "a positive number") }
    return number
  }

  func positive(_ key: String) throws(HuggingFaceError) -> Double {
    guard let number = try number(key) else { throw bad(key, "a positive number") }
    return number
  }

  func whole(_ key: String) throws(HuggingFaceError) -> Int? {
    guard let value = member(key) else { return nil }
    guard let number = value.int, number > 0 else { throw bad(key, "a positive whole number") }
    return number
  }

  func text(_ key: String) throws(HuggingFaceError) -> String? {
    guard let value = member(key) else { return nil }
    guard let text = value.string else { throw bad(key, "a text") }
    return text
  }

  func factors(_ key: String, count: Int) throws(HuggingFaceError) -> [Float] {
    let values = member(key)?.array?.compactMap { $0.double.map { Float($0) } } ?? []
    guard values.count == count, member(key)?.array?.count == count,
      values.allSatisfy({ $0.isFinite && $0 > 0 })
    else { throw bad(key, "\(count) positive numbers") }
    return values
  }

  private func bad(_ key: String, _ expected: String) -> HuggingFaceError {
    HuggingFaceError(file, .invalid(key: path(key), expected: expected))
  }
}
