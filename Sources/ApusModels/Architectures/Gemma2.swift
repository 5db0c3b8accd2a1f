// Gemma 2: norms before and after each block, soft-capped scores and logits, every other layer attends to
// a sliding window.        Gemma Team 2024, arXiv:2408.00118

import ApusBasics
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
  var gemmaScoreScale: Float { 1 / Float(gemmaQueryScale).squareRoot() }

  /// What queries are scaled by, squared and upside down: `query_pre_attn_scalar`.
  package var gemmaQueryScale: Int {
    Self.gemmaQueryScale(hidden: hiddenSize, layers: layers, heads: heads, headSize: headSize)
  }

  private static func gemmaQueryScale(hidden: Int, layers: Int, heads: Int, headSize: Int) -> Int {
    let is27B = hidden == 4608 && layers == 46 || hidden == 5376 && layers == 62
    return is27B ? hidden / max(1, heads) : headSize
  }

  /// Whether a config.json scales queries otherwise, or has its sliding layers elsewhere.
  @Sendable static func gemmaContradiction(_ config: JSONValue) -> String? {
    func number(_ key: String, default fallback: Int) -> Int { config[key]?.int ?? fallback }
    let used = gemmaQueryScale(
      hidden: number("hidden_size", default: 0), layers: number("num_hidden_layers", default: 0),
      heads: number("num_attention_heads", default: 0), headSize: number("head_dim", default: 256))
    let asked = config["query_pre_attn_scalar"]?.double ?? 256
    guard asked == Double(used) else {
      return "\"query_pre_attn_scalar\" is \(asked); only \(used) is supported for heads of this size"
    }
    return nil
  }
}

extension Gemma2 {
  static let huggingFace = [
    HuggingFaceLayout.decoder(
      "gemma2", architecture: "gemma2", className: "Gemma2ForCausalLM", tiesHead: true
    ) {
      $0.add(
        keys: [
          "attention.sliding_window": ["sliding_window"],
          "attn_logit_softcapping": ["attn_logit_softcapping"],
          "final_logit_softcapping": ["final_logit_softcapping"],
        ], tensors: HuggingFaceLayout.outerNorms)
      $0.defaults = ["attention.key_length": .integer(256), "attention.value_length": .integer(256)]
      $0.nulls = ["attn_logit_softcapping": .real(0), "final_logit_softcapping": .real(0)]
      $0.requires = ["hidden_activation": ["gelu_pytorch_tanh"]]
      $0.condition = (key: "use_bidirectional_attention", value: false)
      $0.normsLackOne = true
      $0.biasSettings = ["attention_bias"]
      $0.contradiction = { config in
        for (layer, kind) in (config["layer_types"]?.array ?? []).enumerated()
        where kind.string != (layer % 2 == 0 ? "sliding_attention" : "full_attention") {
          return "\"layer_types\" at \(layer) is \(kind.serialized()); only every other layer may slide"
        }
        return TransformerConfiguration.gemmaContradiction(config)
      }
    }
  ]

  var huggingFaceSettings: [(key: String, value: JSONValue)] {
    configuration.gemmaSettings(window: window, scoreCap: scoreCap, logitCap: logitCap)
  }
}

extension TransformerConfiguration {
  /// What config.json says of a Gemma 2 or 3.
  func gemmaSettings(
    window: Int, scoreCap: Float, logitCap: Float
  ) -> [(key: String, value: JSONValue)] {
    func cap(_ value: Float) -> JSONValue { value > 0 ? .double(shortest(Double(value))) : .null }
    return [
      ("sliding_window", .int(Int64(window))), ("attn_logit_softcapping", cap(scoreCap)),
      ("final_logit_softcapping", cap(logitCap)), ("query_pre_attn_scalar", .int(Int64(gemmaQueryScale))),
    ]
  }
}
