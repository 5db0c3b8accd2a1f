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
  static let huggingFace = [
    HuggingFaceLayout.decoder(
      "qwen3", architecture: "qwen3", className: "Qwen3ForCausalLM", tiesHead: false
    ) {
      $0.add(tensors: HuggingFaceLayout.headNorms)
      $0.requires["use_sliding_window"] = ["false"]
      $0.biasSettings = ["attention_bias"]
      $0.defaults = ["attention.key_length": .integer(128), "attention.value_length": .integer(128)]
    }
  ]
}
