// The attention block: projections, optional QK-norm and rotary embedding, the cache, the output
// projection. What differs between families are the fields.

import ApusGraph

/// Multi-head attention with grouped key/value heads.
package struct SelfAttention {
  package var heads: Int
  package var keyValueHeads: Int
  package var headSize: Int
  package var scale: Float
  package var softCap: Float = 0
  package var mask: AttentionMask = .causal
  /// The rotary table and the order of pairs; nil where positions are embedded elsewhere.
  package var rotary: (table: ValueID, interleaved: Bool)?
  /// RMS norm of queries and keys per head ("attn_q_norm", "attn_k_norm").
  package var normalizesQueriesAndKeys = false
  package var epsilon: Float
  /// Whether Q, K and V must be one tensor, "attn_qkv", in that order of rows; others may be.
  package var isFused = false
  /// Whether values are made from activations of more than eight bits where weights have eight. The values are what
  /// attention adds to the residual; in encoders with norms behind each addition (BERT) they carry most of the
  /// rounding error of a text's vector.
  package var refinesValues = false

  package init(_ c: TransformerConfiguration) {
    heads = c.heads
    keyValueHeads = c.keyValueHeads
    headSize = c.headSize
    scale = 1 / Float(c.headSize).squareRoot()
    epsilon = c.normEpsilon
  }

  /// `x` `[tokens, hidden]`, normalised, gives the block's addition to the residual.
  package func callAsFunction(
    _ x: ValueID, layer: Int, _ b: inout NetworkBuilder
  ) throws(ModelError) -> ValueID {
    let (queries, keys) = (heads * headSize, keyValueHeads * headSize)
    var q: ValueID
    var k: ValueID
    let v: ValueID
    if isFused || b.has("attn_qkv") {
      let all = queries + 2 * keys
      q = try b.linear(x, "attn_qkv", rows: all, part: 0..<queries)
      k = try b.linear(x, "attn_qkv", rows: all, part: queries..<queries + keys)
      v = try b.linear(x, "attn_qkv", rows: all, part: queries + keys..<all, refined: refinesValues)
    } else {
      q = try b.linear(x, "attn_q", rows: queries)
      k = try b.linear(x, "attn_k", rows: keys)
      v = try b.linear(x, "attn_v", rows: keys, refined: refinesValues)
    }
    if normalizesQueriesAndKeys {
      q = try b.rmsNorm(q, "attn_q_norm", count: headSize, epsilon: epsilon)
      k = try b.rmsNorm(k, "attn_k_norm", count: headSize, epsilon: epsilon)
    }
    if let (table, interleaved) = rotary {
      q = try b.graph { (g) throws(GraphError) in
        try g.rotary(q, table, headSize: headSize, interleaved: interleaved)
      }
      k = try b.graph { (g) throws(GraphError) in
        try g.rotary(k, table, headSize: headSize, interleaved: interleaved)
      }
    }
    let mixed = try b.graph { (g) throws(GraphError) in
      let store = try g.storeKeyValue(k, v, layer: layer)
      return try g.attention(
        q, after: store,
        Attention(layer: layer, heads: heads, scale: scale, softCap: softCap, mask: mask))
    }
    return try b.linear(mixed, "attn_output", rows: b.hiddenSize)
  }
}
