// The encoder of BERT and its kin: attention over the whole text, add, norm; MLP, add, norm.

import ApusGraph

/// Token ids to hidden states through blocks with layer norms behind each addition.
package struct PostNormEncoder {
  package var configuration: TransformerConfiguration
  package var attention: SelfAttention

  /// - Parameter attention: its mask and precision become those of an encoder.
  package init(_ configuration: TransformerConfiguration, _ attention: SelfAttention) {
    self.configuration = configuration
    self.attention = attention
    self.attention.mask = .bidirectional
    self.attention.refinesValues = true
  }

  /// The last hidden states, `[tokens, hidden]`.
  ///
  /// - Parameters:
  ///   - positions: a row for each token that is added to its embedding, where positions are embedded.
  ///   - feedForward: the MLP.
  package func callAsFunction(
    _ b: inout NetworkBuilder, positions: ValueID? = nil,
    feedForward: (ValueID, inout NetworkBuilder) throws(ModelError) -> ValueID
  ) throws(ModelError) -> ValueID {
    let c = configuration
    var x = try b.add(
      b.embed(.tokenIDs, "token_embd", rows: c.vocabularySize),
      b.embed(.segments, "token_types", rows: b.rows(of: "token_types") ?? 2))
    if let positions { x = try b.add(x, positions) }
    x = try b.layerNorm(x, "token_embd_norm", epsilon: c.normEpsilon)
    for layer in 0..<c.layers {
      try b.layer(layer) { b throws(ModelError) in
        x = try b.add(x, attention(x, layer: layer, &b))
        x = try b.layerNorm(x, "attn_output_norm", epsilon: c.normEpsilon)
        x = try b.add(x, feedForward(x, &b))
        x = try b.layerNorm(x, "layer_output_norm", epsilon: c.normEpsilon)
      }
    }
    return x
  }
}
