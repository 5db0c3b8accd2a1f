// Qwen 2 and 2.5: Llama's structure with biases on Q, K and V and rotary pairs in halves.
// Yang et al. 2024, arXiv:2407.10671

import ApusGraph

struct Qwen2: Architecture {
  static let names = ["qwen2"]
  let configuration: TransformerConfiguration

  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError) {
    configuration = try TransformerConfiguration(
      h, vocabularySize: vocabularySize, epsilonKey: "layer_norm_rms_epsilon")
  }

  func hiddenStates(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID {
    let c = configuration
    var attention = SelfAttention(c)
    attention.rotary = (
      try b.rotaryTable(RotaryFrequencies(h, b, headSize: c.headSize)), interleaved: false
    )
    let feedForward = GatedFeedForward(size: c.feedForwardSize, activation: .silu)
    return try PreNormDecoder(c, attention, feedForward)(&b)
  }
}

extension Qwen2 {
  static let huggingFace = [
    HuggingFaceLayout.decoder(
      "qwen2", architecture: "qwen2", className: "Qwen2ForCausalLM", tiesHead: false
    ) {
      $0.requires["use_sliding_window"] = ["false"]
      $0.biases = ["blk.#.attn_q", "blk.#.attn_k", "blk.#.attn_v"]
    }
  ]
}
