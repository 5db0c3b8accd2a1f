// How Hugging Face names what a family needs: model types, settings and tensors. Each architecture that is read from
// folders has one, in its own file.

import ApusBasics

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
  /// Settings that change the network in ways that are not supported: what they may be, as text. Folders are written
  /// with the first.
  package var requires: [String: [String]]
  /// A setting that tells this family from another of the same model type, and its value here.
  package var condition: (key: String, value: Bool)?
  /// Whether norms are stored less one.
  package var normsLackOne: Bool
  /// Model types whose positions start behind the padding token's id.
  package var positionsAfterPadding: [String]
  /// Weights stored `[inputs, outputs]`, by the names of `tensors`.
  package var transposed: Set<String> = []
  /// Weights and biases whose rows are stored with the halves of rotary pairs apart.
  package var halves: Set<String> = []
  /// Values of hyper-parameters that are null, which means another thing than leaving them out.
  package var nulls: [String: HyperparameterValue] = [:]
  /// Where the rotary embedding's settings are: paths, the first that is there counts. None where there is no such.
  package var rotarySections: [String] = []
  /// The class of transformers for networks that continue texts, where folders of the family are written.
  package var className: String?
  /// The class for networks that give a score.
  package var scoreClassName: String?
  /// Products, by the names of `tensors`, that always have biases in that class.
  package var biases: Set<String> = []
  /// Settings by which that class has other biases: "attention_bias", "mlp_bias".
  package var biasSettings: Set<String> = []
  /// Whether the head is the embedding where `tie_word_embeddings` is not there; nil for networks without a head.
  package var tiesHead: Bool?
  /// What in a document is another network than the one of this family, in words.
  package var contradiction: @Sendable (JSONValue) -> String? = { _ in nil }

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
  /// A decoder in Llama's manner.
  ///
  /// - Parameters:
  ///   - modelType: the value of `model_type`.
  ///   - architecture: what the family is called here.
  ///   - className: the class of transformers that `architectures` names.
  ///   - tiesHead: whether the head is the embedding where the file does not say.
  ///   - change: what is different in this family.
  package static func decoder(
    _ modelType: String, architecture: String, className: String, tiesHead: Bool,
    _ change: (inout HuggingFaceLayout) -> Void = { _ in }
  ) -> HuggingFaceLayout {
    var layout = HuggingFaceLayout(
      modelTypes: [modelType: architecture], prefixes: ["", "model."], keys: decoderKeys,
      tensors: decoderTensors, requires: ["hidden_act": ["silu"]])
    layout.className = className
    for end in ["ForCausalLM", "LMHeadModel"] where className.hasSuffix(end) {
      layout.scoreClassName = className.dropLast(end.count) + sequenceClassifier
    }
    layout.tiesHead = tiesHead
    layout.rotarySections = ["rope_parameters", "rope_scaling"]
    change(&layout)
    return layout
  }

  /// What the names of classes that score a text end with.
  package static let sequenceClassifier = "ForSequenceClassification"

  private static let decoderKeys: [String: [String]] = [
    "block_count": ["num_hidden_layers"], "context_length": ["max_position_embeddings"],
    "embedding_length": ["hidden_size"], "feed_forward_length": ["intermediate_size"],
    "attention.head_count": ["num_attention_heads"], "attention.head_count_kv": ["num_key_value_heads"],
    "attention.key_length": ["head_dim"], "attention.value_length": ["head_dim"],
    "attention.layer_norm_rms_epsilon": ["rms_norm_eps"],
    "rope.freq_base": ["rope_parameters.rope_theta", "rope_theta"],
  ]

  private static let decoderTensors: [String: [String]] = [
    "token_embd": ["embed_tokens"], "output_norm": ["norm"], "output": ["lm_head"],
    ScoreHead.name: ["score"],
    "blk.#.attn_norm": ["layers.#.input_layernorm"], "blk.#.attn_q": ["layers.#.self_attn.q_proj"],
    "blk.#.attn_k": ["layers.#.self_attn.k_proj"], "blk.#.attn_v": ["layers.#.self_attn.v_proj"],
    "blk.#.attn_output": ["layers.#.self_attn.o_proj"],
    "blk.#.ffn_norm": ["layers.#.post_attention_layernorm"], "blk.#.ffn_gate": ["layers.#.mlp.gate_proj"],
    "blk.#.ffn_up": ["layers.#.mlp.up_proj"], "blk.#.ffn_down": ["layers.#.mlp.down_proj"],
  ]

  /// Norms of queries and keys per head.
  package static let headNorms: [String: [String]] = [
    "blk.#.attn_q_norm": ["layers.#.self_attn.q_norm"], "blk.#.attn_k_norm": ["layers.#.self_attn.k_norm"],
  ]

  /// Norms on both sides of each block, as in Gemma 2 and 3.
  package static let outerNorms: [String: [String]] = [
    "blk.#.post_attention_norm": ["layers.#.post_attention_layernorm"],
    "blk.#.ffn_norm": ["layers.#.pre_feedforward_layernorm"],
    "blk.#.post_ffw_norm": ["layers.#.post_feedforward_layernorm"],
  ]

  /// Adds names, in place of those that are there.
  package mutating func add(keys: [String: [String]] = [:], tensors: [String: [String]] = [:]) {
    self.keys.merge(keys) { $1 }
    self.tensors.merge(tensors) { $1 }
  }
}

extension HuggingFaceLayout {
  /// How a tensor that is called `short` ("blk.#.attn_q") with `suffix` (".weight") is stored.
  package func form(_ short: String, _ suffix: String, headSize: Int) -> StoredForm {
    if normsLackOne, short.hasSuffix("norm"), suffix == ".weight" { return .lessOne }
    if suffix == ".weight", transposed.contains(short) { return .transposed }
    return halves.contains(short) ? .halves(headSize: headSize) : .same
  }
}
