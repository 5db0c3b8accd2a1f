// Gemma 2: norms before and after each block, soft-capped scores and logits, every other layer attends to
// a sliding window.        Gemma Team 2024, arXiv:2408.00118

import ApusGraph

struct Gemma2: Architecture {
  static let names = ["gemma2"]
  let configuration: TransformerConfiguration
  let window: Int
  let scoreCap: Float
  let logitCap: Float

  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError) {
    configuration = try TransformerConfiguration(
      h, vocabularySize: vocabularySize, epsilonKey: "layer_norm_rms_epsilon")
    window = try h.integer("attention.sliding_window", in: 1...16_777_216, default: 4096)
    scoreCap = Float(try h.real("attn_logit_softcapping", in: 0...1e6, default: 50))
    logitCap = Float(try h.real("final_logit_softcapping", in: 0...1e6, default: 30))
  }

  func hiddenStates(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID {
    let c = configuration
    var attention = SelfAttention(c)
    attention.scale = c.gemmaScoreScale
    attention.softCap = scoreCap
    attention.rotary = (
      try b.rotaryTable(RotaryFrequencies(h, b, headSize: c.headSize)), interleaved: false
    )
    let feedForward = GatedFeedForward(size: c.feedForwardSize, activation: .geluTanh)

    var x = try b.embed(.tokenIDs, "token_embd", rows: c.vocabularySize)
    x = try b.graph { (g) throws(GraphError) in try g.scale(x, by: Float(c.hiddenSize).squareRoot()) }
    for layer in 0..<c.layers {
      try b.layer(layer) { b throws(ModelError) in
        attention.mask = layer % 2 == 0 ? .sliding(window: window) : .causal
        let a = try attention(b.rmsNorm(x, "attn_norm", epsilon: c.normEpsilon), layer: layer, &b)
        x = try b.add(x, b.rmsNorm(a, "post_attention_norm", epsilon: c.normEpsilon))
        let f = try feedForward(b.rmsNorm(x, "ffn_norm", epsilon: c.normEpsilon), &b)
        x = try b.add(x, b.rmsNorm(f, "post_ffw_norm", epsilon: c.normEpsilon))
      }
    }
    return try b.rmsNorm(x, "output_norm", epsilon: c.normEpsilon)
  }

  func logits(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID {
    let logits = try b.head(x, vocabularySize: configuration.vocabularySize)
    guard logitCap > 0 else { return logits }
    return try b.graph { (g) throws(GraphError) in try g.softCap(logits, logitCap) }
  }
}

extension TransformerConfiguration {
  /// 1/√(query_pre_attn_scalar): the head's width, but hidden / heads in the 27B models, which GGUF files do
  /// not record.
  var gemmaScoreScale: Float {
    let is27B = hiddenSize == 4608 && layers == 46 || hiddenSize == 5376 && layers == 62
    return 1 / Float(is27B ? hiddenSize / heads : headSize).squareRoot()
  }
}
