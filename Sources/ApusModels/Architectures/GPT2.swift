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

extension GPT2 {
  static let huggingFace = [
    HuggingFaceLayout.decoder(
      "gpt2", architecture: "gpt2", className: "GPT2LMHeadModel", tiesHead: true
    ) {
      $0.prefixes = ["", "transformer."]
      $0.keys = [
        "block_count": ["n_layer"], "context_length": ["n_positions"], "embedding_length": ["n_embd"],
        "feed_forward_length": ["n_inner"], "attention.head_count": ["n_head"],
        "attention.layer_norm_epsilon": ["layer_norm_epsilon"],
      ]
      $0.tensors = [
        "token_embd": ["wte"], "position_embd": ["wpe"], "output_norm": ["ln_f"], "output": ["lm_head"],
        ScoreHead.name: ["score"],
        "blk.#.attn_norm": ["h.#.ln_1"], "blk.#.attn_qkv": ["h.#.attn.c_attn"],
        "blk.#.attn_output": ["h.#.attn.c_proj"], "blk.#.ffn_norm": ["h.#.ln_2"],
        "blk.#.ffn_up": ["h.#.mlp.c_fc"], "blk.#.ffn_down": ["h.#.mlp.c_proj"],
      ]
      $0.requires = [
        "activation_function": ["gelu_new", "gelu_pytorch_tanh"], "scale_attn_weights": ["true"],
        "scale_attn_by_inverse_layer_idx": ["false"], "add_cross_attention": ["false"],
      ]
      $0.transposed = ["blk.#.attn_qkv", "blk.#.attn_output", "blk.#.ffn_up", "blk.#.ffn_down"]
      $0.biases = $0.transposed.union(["blk.#.attn_norm", "blk.#.ffn_norm", "output_norm"])
      $0.rotarySections = []
    }
  ]
}
