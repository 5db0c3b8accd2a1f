// BERT: learned positions, two segments, attention over the whole text, norms after each addition, a plain GELU
// MLP. MiniLM, BGE, E5 and GTE share it; XLM-RoBERTa differs in its tokenizer and where positions start.
// Devlin et al. 2018, arXiv:1810.04805; Conneau et al. 2019, arXiv:1911.02116

import ApusGraph

struct Bert: Architecture {
  static let names = ["bert"]
  static let isGenerative = false
  let configuration: TransformerConfiguration

  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError) {
    configuration = try TransformerConfiguration(
      h, vocabularySize: vocabularySize, epsilonKey: "layer_norm_epsilon")
  }

  func hiddenStates(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID {
    let c = configuration
    let feedForward = PlainFeedForward(size: c.feedForwardSize, activation: .geluErf)
    let positions = try b.embed(.positions, "position_embd", rows: c.contextLength)
    return try PostNormEncoder(c, SelfAttention(c))(&b, positions: positions) { x, b throws(ModelError) in
      try feedForward(x, &b)
    }
  }
}

extension Bert {
  static let huggingFace = [
    HuggingFaceLayout(
      modelTypes: ["bert": "bert", "xlm-roberta": "bert", "roberta": "bert"],
      prefixes: ["", "bert.", "roberta."],
      keys: [
        "block_count": ["num_hidden_layers"], "context_length": ["max_position_embeddings"],
        "embedding_length": ["hidden_size"], "feed_forward_length": ["intermediate_size"],
        "attention.head_count": ["num_attention_heads"], "attention.layer_norm_epsilon": ["layer_norm_eps"],
      ],
      tensors: [
        "token_embd": ["embeddings.word_embeddings"], "token_types": ["embeddings.token_type_embeddings"],
        "position_embd": ["embeddings.position_embeddings"], "token_embd_norm": ["embeddings.LayerNorm"],
        "blk.#.attn_q": ["encoder.layer.#.attention.self.query"],
        "blk.#.attn_k": ["encoder.layer.#.attention.self.key"],
        "blk.#.attn_v": ["encoder.layer.#.attention.self.value"],
        "blk.#.attn_output": ["encoder.layer.#.attention.output.dense"],
        "blk.#.attn_output_norm": ["encoder.layer.#.attention.output.LayerNorm"],
        "blk.#.ffn_up": ["encoder.layer.#.intermediate.dense"],
        "blk.#.ffn_down": ["encoder.layer.#.output.dense"],
        "blk.#.layer_output_norm": ["encoder.layer.#.output.LayerNorm"],
        // The pooler of BERT and the dense layer of RoBERTa's head are the same step of the classifier.
        "cls": ["pooler.dense", "classifier.dense"], "cls.output": ["classifier.out_proj", "classifier"],
      ],
      requires: ["hidden_act": ["gelu"], "position_embedding_type": ["absolute"]],
      positionsAfterPadding: ["xlm-roberta", "roberta"])
  ]
}
