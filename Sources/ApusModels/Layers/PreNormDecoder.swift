// The decoder that Llama settled and most families kept: norm, attention, add; norm, MLP, add.

import ApusGraph

/// Token ids to hidden states through pre-norm blocks with RMS norms.
package struct PreNormDecoder {
  package var configuration: TransformerConfiguration
  package var attention: SelfAttention
  package var feedForward: GatedFeedForward

  package init(
    _ configuration: TransformerConfiguration, _ attention: SelfAttention, _ feedForward: GatedFeedForward
  ) {
    self.configuration = configuration
    self.attention = attention
    self.feedForward = feedForward
  }

  /// The last hidden states, `[tokens, hidden]`.
  package func callAsFunction(_ b: inout NetworkBuilder) throws(ModelError) -> ValueID {
    let c = configuration
    var x = try b.embed(.tokenIDs, "token_embd", rows: c.vocabularySize)
    for layer in 0..<c.layers {
      try b.layer(layer) { b throws(ModelError) in
        let a = try b.rmsNorm(x, "attn_norm", epsilon: c.normEpsilon)
        x = try b.add(x, attention(a, layer: layer, &b))
        let f = try b.rmsNorm(x, "ffn_norm", epsilon: c.normEpsilon)
        x = try b.add(x, feedForward(f, &b))
      }
    }
    return try b.rmsNorm(x, "output_norm", epsilon: c.normEpsilon)
  }
}
