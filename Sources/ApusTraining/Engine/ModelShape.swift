// The sizes of a model that is to be trained from the start, as hyper-parameters of its family.

import ApusModels

/// Sizes of a new model.
package struct ModelShape: Sendable, Equatable {
  /// A family's name, "gpt2" or "llama".
  package var architecture: String
  package var layers: Int
  package var hidden: Int
  package var heads: Int
  package var keyValueHeads: Int
  package var headSize: Int
  package var feedForward: Int
  package var context: Int
  package var vocabulary: Int
  package var isTied = true
  package var ropeTheta = 10_000.0
  package var normEpsilon = 1e-5

  /// A shape in GPT-2's manner: heads of hidden / heads, an MLP four times as wide.
  package init(
    _ architecture: String, layers: Int, hidden: Int, heads: Int, context: Int, vocabulary: Int
  ) {
    self.architecture = architecture
    self.layers = layers
    self.hidden = hidden
    self.heads = heads
    self.context = context
    self.vocabulary = vocabulary
    keyValueHeads = heads
    headSize = hidden / heads
    feedForward = 4 * hidden
  }

  /// Hyper-parameters by the keys of GGUF files, without the family's name.
  package var hyperparameters: [String: HyperparameterValue] {
    let epsilonKey = architecture == "gpt2" ? "layer_norm_epsilon" : "layer_norm_rms_epsilon"
    var values: [String: HyperparameterValue] = [
      "block_count": .integer(layers), "context_length": .integer(context),
      "embedding_length": .integer(hidden), "feed_forward_length": .integer(feedForward),
      "attention.head_count": .integer(heads), "attention.\(epsilonKey)": .real(normEpsilon),
    ]
    guard architecture != "gpt2" else { return values }
    values["attention.head_count_kv"] = .integer(keyValueHeads)
    values["attention.key_length"] = .integer(headSize)
    values["attention.value_length"] = .integer(headSize)
    values["rope.freq_base"] = .real(ropeTheta)
    return values
  }

  /// The model before it has weights.
  package var source: FreshModel {
    FreshModel(
      architecture: architecture, hyperparameters, vocabularySize: vocabulary, hiddenSize: hidden,
      isTied: isTied)
  }
}
