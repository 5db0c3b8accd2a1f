// Qwen 3: queries and keys are normalised per head before the rotary embedding; heads may be wider than
// hidden / heads.        Yang et al. 2025, arXiv:2505.09388

import ApusGraph

struct Qwen3: Architecture {
  static let names = ["qwen3"]
  let configuration: TransformerConfiguration

  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError) {
    configuration = try TransformerConfiguration(
      h, vocabularySize: vocabularySize, epsilonKey: "layer_norm_rms_epsilon")
  }

  func hiddenStates(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID {
    let c = configuration
    var attention = SelfAttention(c)
    attention.normalizesQueriesAndKeys = true
    attention.rotary = (
      try b.rotaryTable(RotaryFrequencies(h, b, headSize: c.headSize)), interleaved: false
    )
    let feedForward = GatedFeedForward(size: c.feedForwardSize, activation: .silu)
    return try PreNormDecoder(c, attention, feedForward)(&b)
  }
}

extension Qwen3 {
  static let huggingFace: HuggingFaceLayout? = HuggingFaceLayout(
    modelTypes: ["qwen3": "qwen3"],
    prefixes: ["", "model."],
    keys: HuggingFaceLayout.decoderKeys,
    tensors: HuggingFaceLayout.decoderTensors.merging([
      "blk.#.attn_q_norm": ["layers.#.self_attn.q_norm"], "blk.#.attn_k_norm": ["layers.#.self_attn.k_norm"],
    ]) { $1 },
    requires: HuggingFaceLayout.decoderRequires)
}
