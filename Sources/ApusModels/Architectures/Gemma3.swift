// Gemma 3: five sliding-window layers to one global layer, each kind with its own rotary base, and QK-norm
// in place of the score cap.        Gemma Team 2025, arXiv:2503.19786

import ApusBasics
import ApusGraph

struct Gemma3: Architecture {
  static let names = ["gemma3"]
  let configuration: TransformerConfiguration
  let window: Int
  /// Per layer: whether it attends to the window only.
  let slides: [Bool]
  let localBase: Double
  let scoreCap: Float
  let logitCap: Float
  /// EmbeddingGemma: tokens see both ways, in sliding layers half the window on either side.
  var isBidirectional = false

  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError) {
    configuration = try TransformerConfiguration(
      h, vocabularySize: vocabularySize, epsilonKey: "layer_norm_rms_epsilon")
    window = try h.integer("attention.sliding_window", in: 1...16_777_216, default: 1024)
    slides = try h.slidingPattern(
      "attention.sliding_window_pattern", layers: configuration.layers, everyOther: 6)
    localBase = try h.real("rope.freq_base_swa", in: 1e-3...1e12, default: 10_000)
    scoreCap = Float(try h.real("attn_logit_softcapping", in: 0...1e6, default: 0))
    logitCap = Float(try h.real("final_logit_softcapping", in: 0...1e6, default: 0))
  }

  func hiddenStates(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID {
    let c = configuration
    let global = try b.rotaryTable(RotaryFrequencies(h, b, headSize: c.headSize))
    let local = try b.rotaryTable(RotaryFrequencies(base: localBase, dimensions: c.headSize))
    var attention = SelfAttention(c)
    attention.scale = c.gemmaScoreScale
    attention.softCap = scoreCap
    attention.normalizesQueriesAndKeys = true
    let feedForward = GatedFeedForward(size: c.feedForwardSize, activation: .geluTanh)

    var x = try b.embed(.tokenIDs, "token_embd", rows: c.vocabularySize)
    x = try b.graph { (g) throws(GraphError) in try g.scale(x, by: Float(c.hiddenSize).squareRoot()) }
    for layer in 0..<c.layers {
      try b.layer(layer) { b throws(ModelError) in
        attention.mask = mask(layer)
        attention.rotary = (slides[layer] ? local : global, interleaved: false)
        let a = try attention(b.rmsNorm(x, "attn_norm", epsilon: c.normEpsilon), layer: layer, &b)
        x = try b.add(x, b.rmsNorm(a, "post_attention_norm", epsilon: c.normEpsilon))
        let f = try feedForward(b.rmsNorm(x, "ffn_norm", epsilon: c.normEpsilon), &b)
        x = try b.add(x, b.rmsNorm(f, "post_ffw_norm", epsilon: c.normEpsilon))
      }
    }
    return try b.rmsNorm(x, "output_norm", epsilon: c.normEpsilon)
  }

  private func mask(_ layer: Int) -> AttentionMask {
    if isBidirectional { return slides[layer] ? .nearby(reach: window / 2) : .bidirectional }
    return slides[layer] ? .sliding(window: window) : .causal
  }

  func logits(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID {
    let logits = try b.head(x, vocabularySize: configuration.vocabularySize)
    guard logitCap > 0 else { return logits }
    return try b.graph { (g) throws(GraphError) in try g.softCap(logits, logitCap) }
  }
}

extension Gemma3 {
  static let huggingFace = [
    HuggingFaceLayout.decoder(
      "gemma3_text", architecture: "gemma3", className: "Gemma3ForCausalLM", tiesHead: true
    ) {
      $0.scoreClassName = "Gemma3TextForSequenceClassification"
      $0.add(
        keys: [
          "attention.sliding_window": ["sliding_window"],
          "attention.sliding_window_pattern": [
            "layer_types", "_sliding_window_pattern", "sliding_window_pattern",
          ],
          "attn_logit_softcapping": ["attn_logit_softcapping"],
          "final_logit_softcapping": ["final_logit_softcapping"],
          "rope.freq_base": ["rope_parameters.full_attention.rope_theta", "rope_theta"],
          "rope.freq_base_swa": ["rope_parameters.sliding_attention.rope_theta", "rope_local_base_freq"],
        ], tensors: HuggingFaceLayout.headNorms.merging(HuggingFaceLayout.outerNorms) { $1 })
      $0.defaults = [
        "rope.freq_base": .real(1e6), "attention.key_length": .integer(256),
        "attention.value_length": .integer(256), "attention.sliding_window": .integer(4096),
      ]
      $0.requires = [
        "hidden_activation": ["gelu_pytorch_tanh"],
        "rope_parameters.sliding_attention.rope_type": ["default"],
      ]
      $0.condition = (key: "use_bidirectional_attention", value: false)
      $0.normsLackOne = true
      $0.biasSettings = ["attention_bias"]
      $0.rotarySections = ["rope_parameters.full_attention", "rope_scaling"]
      $0.contradiction = TransformerConfiguration.gemmaContradiction
    }
  ]

  var huggingFaceSettings: [(key: String, value: JSONValue)] {
    configuration.gemmaSettings(window: window, scoreCap: scoreCap, logitCap: logitCap) + [
      ("layer_types", .array(slides.map { .string($0 ? "sliding_attention" : "full_attention") })),
      ("rope_local_base_freq", .double(shortest(localBase))), ("use_bidirectional_attention", .bool(false)),
    ]
  }
}
