// Llama 1, 2 and 3.x, and what shares its structure: Mistral, SmolLM, TinyLlama.
// Touvron et al. 2023, arXiv:2302.13971

import ApusGraph

/// Pre-norm decoder: RMS norm, rotary attention with grouped heads, SwiGLU.
struct Llama: Architecture {
  static let names = ["llama"]
  let configuration: TransformerConfiguration
  /// Mistral's window, where the file names one.
  let window: Int?

  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError) {
    configuration = try TransformerConfiguration(
      h, vocabularySize: vocabularySize, epsilonKey: "layer_norm_rms_epsilon")
    let window = try h.integer("attention.sliding_window", in: 0...16_777_216, default: 0)
    self.window = window > 0 ? window : nil
  }

  func hiddenStates(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID {
    let c = configuration
    var attention = SelfAttention(c)
    attention.rotary = (
      try b.rotaryTable(RotaryFrequencies(h, b, headSize: c.headSize)), interleaved: true
    )
    attention.mask = window.map(AttentionMask.sliding) ?? .causal
    let feedForward = GatedFeedForward(size: c.feedForwardSize, activation: .silu)
    return try PreNormDecoder(c, attention, feedForward)(&b)
  }
}
