// GPT-2: learned positions, layer norm, biases everywhere, a plain GELU MLP.
// Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"

import ApusGraph

struct GPT2: Architecture {
  static let names = ["gpt2"]
  let configuration: TransformerConfiguration

  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError) {
    configuration = try TransformerConfiguration(
      h, vocabularySize: vocabularySize, epsilonKey: "layer_norm_epsilon")
  }

  func hiddenStates(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID {
    let c = configuration
    var attention = SelfAttention(c)
    attention.isFused = true
    let feedForward = PlainFeedForward(size: c.feedForwardSize, activation: .geluTanh)

    var x = try b.add(
      b.embed(.tokenIDs, "token_embd", rows: c.vocabularySize),
      b.embed(.positions, "position_embd", rows: c.contextLength))
    for layer in 0..<c.layers {
      try b.layer(layer) { b throws(ModelError) in
        let a = try b.layerNorm(x, "attn_norm", epsilon: c.normEpsilon)
        x = try b.add(x, attention(a, layer: layer, &b))
        let f = try b.layerNorm(x, "ffn_norm", epsilon: c.normEpsilon)
        x = try b.add(x, feedForward(f, &b))
      }
    }
    return try b.layerNorm(x, "output_norm", epsilon: c.normEpsilon)
  }
}
