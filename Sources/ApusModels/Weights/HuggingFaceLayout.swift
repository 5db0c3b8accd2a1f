// How Hugging Face names what a family needs: model types, settings and tensors. Each architecture that is read from
// folders has one, in its own file.

/// The names of one family in `config.json` and in its checkpoints.
package struct HuggingFaceLayout: Sendable {
  /// Values of `model_type`, and the architecture each is here.
  package var modelTypes: [String: String]
  /// What tensor names may start with, besides what `tensors` says.
  package var prefixes: [String]
  /// Hyper-parameters and where they are in `config.json`: paths, the first that is there counts.
  package var keys: [String: [String]]
  /// Weights and what they are called, without ".weight" and ".bias"; # is the layer.
  package var tensors: [String: [String]]
  /// Values of hyper-parameters that `config.json` leaves out.
  package var defaults: [String: HyperparameterValue]
  /// Settings that change the network in ways that are not supported: what they may be, as text.
  package var requires: [String: [String]]
  /// A setting that tells this family from another of the same model type, and its value here.
  package var condition: (key: String, value: Bool)?
  /// Whether norms are stored less one.
  package var normsLackOne: Bool
  /// Model types whose positions start behind the padding token's id.
  package var positionsAfterPadding: [String]

  package init(
    modelTypes: [String: String], prefixes: [String], keys: [String: [String]],
    tensors: [String: [String]], defaults: [String: HyperparameterValue] = [:],
    requires: [String: [String]] = [:], condition: (key: String, value: Bool)? = nil,
    normsLackOne: Bool = false, positionsAfterPadding: [String] = []
  ) {
    self.modelTypes = modelTypes
    self.prefixes = prefixes
    self.keys = keys
    self.tensors = tensors
    self.defaults = defaults
    self.requires = requires
    self.condition = condition
    self.normsLackOne = normsLackOne
    self.positionsAfterPadding = positionsAfterPadding
  }
}

extension HuggingFaceLayout {
  /// The settings of decoders in Llama's manner.
  package static let decoderKeys: [String: [String]] = [
    "block_count": ["num_hidden_layers"], "context_length": ["max_position_embeddings"],
    "embedding_length": ["hidden_size"], "feed_forward_length": ["intermediate_size"],
    "attention.head_count": ["num_attention_heads"], "attention.head_count_kv": ["num_key_value_heads"],
    "attention.key_length": ["head_dim"], "attention.value_length": ["head_dim"],
    "attention.layer_norm_rms_epsilon": ["rms_norm_eps"],
    "rope.freq_base": ["rope_parameters.rope_theta", "rope_theta"],
    "rope.scaling.type": ["rope_parameters.rope_type", "rope_scaling.rope_type", "rope_scaling.type"],
    "rope.scaling.factor": ["rope_parameters.factor", "rope_scaling.factor"],
    "rope.scaling.original_context_length": [
      "rope_parameters.original_max_position_embeddings", "rope_scaling.original_max_position_embeddings",
    ],
  ]

  /// The tensors of decoders in Llama's manner.
  package static let decoderTensors: [String: [String]] = [
    "token_embd": ["embed_tokens"], "output_norm": ["norm"], "output": ["lm_head"],
    "blk.#.attn_norm": ["layers.#.input_layernorm"], "blk.#.attn_q": ["layers.#.self_attn.q_proj"],
    "blk.#.attn_k": ["layers.#.self_attn.k_proj"], "blk.#.attn_v": ["layers.#.self_attn.v_proj"],
    "blk.#.attn_output": ["layers.#.self_attn.o_proj"],
    "blk.#.ffn_norm": ["layers.#.post_attention_layernorm"], "blk.#.ffn_gate": ["layers.#.mlp.gate_proj"],
    "blk.#.ffn_up": ["layers.#.mlp.up_proj"], "blk.#.ffn_down": ["layers.#.mlp.down_proj"],
  ]
}

extension HuggingFaceLayout {
  /// What decoders in Llama's manner must be.
  package static let decoderRequires: [String: [String]] = [
    "hidden_act": ["silu"], "use_sliding_window": ["false"],
    "rope_scaling.rope_type": ["default", "linear", "yarn"],
    "rope_parameters.rope_type": ["default", "linear", "yarn"],
  ]
}
