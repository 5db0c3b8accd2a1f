// Llama 1, 2 and 3.x, and what shares its structure: Mistral, SmolLM, TinyLlama.
// Touvron et al. 2023, arXiv:2302.13971

import ApusBasics
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

extension Llama {
  static let huggingFace = [
    layout("llama", "LlamaForCausalLM") { $0.biasSettings = ["attention_bias", "mlp_bias"] },
    layout("mistral", "MistralForCausalLM") {
      $0.add(keys: ["attention.sliding_window": ["sliding_window"]])
      $0.defaults = ["attention.sliding_window": .integer(4096)]
      $0.nulls = ["attention.sliding_window": .integer(0)]
    },
  ]

  var huggingFaceModelType: String? { window == nil ? "llama" : "mistral" }

  var huggingFaceSettings: [(key: String, value: JSONValue)] {
    window.map { [("sliding_window", .int(Int64($0)))] } ?? []
  }

  private static func layout(
    _ modelType: String, _ className: String, _ change: (inout HuggingFaceLayout) -> Void = { _ in }
  ) -> HuggingFaceLayout {
    .decoder(modelType, architecture: "llama", className: className, tiesHead: false) {
      $0.halves = ["blk.#.attn_q", "blk.#.attn_k"]
      for key in ["partial_rotary_factor", "rope_parameters.partial_rotary_factor"] {
        $0.requires[key] = ["1", "1.0"]
      }
      change(&$0)
    }
  }
}
