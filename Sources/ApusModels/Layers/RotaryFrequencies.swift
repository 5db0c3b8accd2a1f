// The angular frequencies of rotary embeddings, with every way models stretch them to longer contexts.
//
//   frequency[i] = base^(−2i/d)        arXiv:2104.09864
//
// Linear scaling divides all (arXiv:2306.15595); factors divide each (Llama 3.1 and LongRoPE,
// arXiv:2402.13753); YaRN ramps from unscaled to scaled between two wavelengths (arXiv:2309.00071).

import ApusTensor
import CApusKernels

/// Radians per position for each pair, and the factor on cosines and sines.
package struct RotaryFrequencies: Sendable {
  package var frequencies: [Double]
  package var magnitude: Float = 1

  /// Frequencies of `dimensions / 2` pairs without scaling.
  package init(base: Double, dimensions: Int) {
    let logarithm = apus_log(base)
    frequencies = (0..<dimensions / 2).map { apus_exp(-2 * Double($0) / Double(dimensions) * logarithm) }
  }

  /// Positions count `factor` times less.
  package mutating func scaleLinearly(by factor: Double) {
    frequencies = frequencies.map { $0 / factor }
  }

  /// Each frequency divided by its own factor.
  package mutating func divide(by factors: [Float]) {
    frequencies = zip(frequencies, factors).map { $0 / Double($1) }
  }

  /// YaRN: pairs that turn more than `fast` times over the original context keep their frequency, those
  /// that turn less than `slow` times are scaled fully, the rest lie between.
  package mutating func scaleYaRN(
    factor: Double, base: Double, dimensions: Int, originalContext: Int, fast: Double, slow: Double,
    attentionFactor: Double
  ) {
    /// The pair that turns `turns` times over the original context.
    func pair(_ turns: Double) -> Double {
      Double(dimensions) * apus_log(Double(originalContext) / (turns * 2 * .pi)) / (2 * apus_log(base))
    }
    let low = max(0, pair(fast).rounded(.down))
    let high = min(Double(dimensions - 1), pair(slow).rounded(.up))
    for index in frequencies.indices {
      let ramp = min(1, max(0, (Double(index) - low) / max(0.001, high - low)))
      frequencies[index] = frequencies[index] / factor * ramp + frequencies[index] * (1 - ramp)
    }
    magnitude = Float(attentionFactor * (1 + 0.1 * apus_log(factor)))
  }

  /// Reads base, dimensions and scaling from a model's metadata and factor tensors.
  ///
  /// - Parameters:
  ///   - b: gives the factor tensors.
  ///   - headSize: the dimensions when the file names none.
  package init(_ h: Hyperparameters, _ b: NetworkBuilder, headSize: Int) throws(ModelError) {
    let base = try h.real("rope.freq_base", in: 1e-3...1e12, default: 10_000)
    let dimensions = try h.integer("rope.dimension_count", in: 2...headSize, default: headSize)
    guard dimensions % 2 == 0 else {
      throw .invalidKey(
        h.shown("rope.dimension_count"), value: "\(dimensions)", expected: "an even number")
    }
    self.init(base: base, dimensions: dimensions)
    if let factors = try b.vectorContents("rope_freqs.weight", count: dimensions / 2) {
      divide(by: factors)
    }
    let trained = try h.integer("context_length", in: 1...16_777_216)
    let original = try h.integer(
      "rope.scaling.original_context_length", in: 1...16_777_216, default: trained)
    let long = b.contextLength > original
    if let factors = try b.vectorContents(
      long ? "rope_factors_long.weight" : "rope_factors_short.weight", count: dimensions / 2)
    {
      divide(by: factors)
    }
    let attentionFactor = try h.real("rope.scaling.attn_factor", in: 1e-3...1e3, default: 1)
    let factor = try h.real("rope.scaling.factor", in: 1e-3...1e6, default: 1)
    switch h.text("rope.scaling.type") {
    case "linear":
      scaleLinearly(by: factor)
    case "yarn":
      scaleYaRN(
        factor: factor, base: base, dimensions: dimensions, originalContext: original,
        fast: try h.real("rope.scaling.yarn_beta_fast", in: 0...1e6, default: 32),
        slow: try h.real("rope.scaling.yarn_beta_slow", in: 0...1e6, default: 1),
        attentionFactor: attentionFactor)
    case nil, "none", "default", "longrope", "llama3":
      magnitude = Float(attentionFactor)
    case let type?:
      throw .invalidKey(
        h.shown("rope.scaling.type"), value: "\"\(type)\"", expected: "none, linear, yarn or longrope")
    }
  }
}
