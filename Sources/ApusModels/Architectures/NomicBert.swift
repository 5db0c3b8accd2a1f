// Nomic BERT: BERT with rotary positions and a gated MLP, without biases in its products.
// Nussbaum et al. 2024, arXiv:2402.01613

import ApusGraph

struct NomicBert: Architecture {
  static let names = ["nomic-bert"]
  static let isGenerative = false
  let configuration: TransformerConfiguration

  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError) {
    configuration = try TransformerConfiguration(
      h, vocabularySize: vocabularySize, epsilonKey: "layer_norm_epsilon")
  }

  func hiddenStates(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID {
    let c = configuration
    var attention = SelfAttention(c)
    attention.rotary = (
      try b.rotaryTable(RotaryFrequencies(h, b, headSize: c.headSize)), interleaved: false
    )
    let feedForward = GatedFeedForward(size: c.feedForwardSize, activation: .silu)
    return try PostNormEncoder(c, attention)(&b) { x, b throws(ModelError) in try feedForward(x, &b) }
  }
}

extension NomicBert {
  static let huggingFace = [
    HuggingFaceLayout(
      modelTypes: ["nomic_bert": "nomic-bert"],
      prefixes: ["", "nomic_bert."],
      // The first name is that of transformers, the second that of the model's own code.
      keys: [
        "block_count": ["num_hidden_layers", "n_layer"],
        "context_length": ["max_position_embeddings", "n_positions"],
        "embedding_length": ["hidden_size", "n_embd"],
        "feed_forward_length": ["intermediate_size", "n_inner"],
        "attention.head_count": ["num_attention_heads", "n_head"],
        "attention.layer_norm_epsilon": ["layer_norm_eps", "layer_norm_epsilon"],
        "rope.freq_base": ["rope_parameters.rope_theta", "rope_theta", "rotary_emb_base"],
      ],
      tensors: [
        "token_embd": ["embeddings.word_embeddings"], "token_types": ["embeddings.token_type_embeddings"],
        "token_embd_norm": ["embeddings.LayerNorm", "emb_ln"],
        "blk.#.attn_qkv": ["encoder.layers.#.attn.Wqkv"], "blk.#.attn_q": ["layers.#.self_attn.q_proj"],
        "blk.#.attn_k": ["layers.#.self_attn.k_proj"], "blk.#.attn_v": ["layers.#.self_attn.v_proj"],
        "blk.#.attn_output": ["layers.#.self_attn.o_proj", "encoder.layers.#.attn.out_proj"],
        "blk.#.attn_output_norm": ["layers.#.post_attention_layernorm", "encoder.layers.#.norm1"],
        "blk.#.ffn_gate": ["layers.#.mlp.gate_proj", "encoder.layers.#.mlp.fc12"],
        "blk.#.ffn_up": ["layers.#.mlp.up_proj", "encoder.layers.#.mlp.fc11"],
        "blk.#.ffn_down": ["layers.#.mlp.down_proj", "encoder.layers.#.mlp.fc2"],
        "blk.#.layer_output_norm": ["layers.#.post_mlp_layernorm", "encoder.layers.#.norm2"],
      ],
      defaults: ["rope.freq_base": .real(1000)],
      requires: ["hidden_act": ["silu"], "activation_function": ["swiglu"], "prenorm": ["false"]])
  ]
}
