// Phi-3: Llama's structure with Q/K/V in one matrix and gate/up in another, LongRoPE for long contexts.
// Abdin et al. 2024, arXiv:2404.14219

import ApusBasics
import ApusGraph

struct Phi3: Architecture {
  static let names = ["phi3"]
  let configuration: TransformerConfiguration
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
    attention.isFused = true
    attention.rotary = (
      try b.rotaryTable(RotaryFrequencies(h, b, headSize: c.headSize)), interleaved: false
    )
    attention.mask = window.map(AttentionMask.sliding) ?? .causal
    let feedForward = GatedFeedForward(size: c.feedForwardSize, activation: .silu, isFused: true)
    return try PreNormDecoder(c, attention, feedForward)(&b)
  }
}

extension Phi3 {
  static let huggingFace = [
    HuggingFaceLayout.decoder(
      "phi3", architecture: "phi3", className: "Phi3ForCausalLM", tiesHead: false
    ) {
      $0.add(
        keys: ["attention.sliding_window": ["sliding_window"]],
        tensors: [
          "blk.#.attn_qkv": ["layers.#.self_attn.qkv_proj"], "blk.#.ffn_up": ["layers.#.mlp.gate_up_proj"],
        ])
      // Without a window GGUF files say 0: llama.cpp takes a missing one for the window of an old model.
      $0.defaults = ["attention.sliding_window": .integer(0)]
      for name in ["blk.#.attn_q", "blk.#.attn_k", "blk.#.attn_v", "blk.#.ffn_gate"] {
        $0.tensors[name] = nil
      }
    }
  ]

  var huggingFaceSettings: [(key: String, value: JSONValue)] {
    [
      ("sliding_window", window.map { .int(Int64($0)) } ?? .null),
      ("original_max_position_embeddings", .int(Int64(configuration.contextLength))),
    ]
  }
}
