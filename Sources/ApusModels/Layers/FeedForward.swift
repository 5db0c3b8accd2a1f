// The MLP block: gated (SwiGLU, GeGLU) or plain.

import ApusGraph

/// Two products with a gate between, then one back to the residual's width.
package struct GatedFeedForward {
  package var size: Int
  package var activation: Activation
  /// Whether gate and up are one tensor, "ffn_up", gate first.
  package var isFused = false

  package init(size: Int, activation: Activation, isFused: Bool = false) {
    self.size = size
    self.activation = activation
    self.isFused = isFused
  }

  /// `x` `[tokens, hidden]`, normalised, gives the block's addition to the residual.
  package func callAsFunction(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID {
    let gate: ValueID
    let up: ValueID
    if isFused {
      gate = try b.linear(x, "ffn_up", rows: 2 * size, part: 0..<size)
      up = try b.linear(x, "ffn_up", rows: 2 * size, part: size..<2 * size)
    } else {
      gate = try b.linear(x, "ffn_gate", rows: size)
      up = try b.linear(x, "ffn_up", rows: size)
    }
    let inner = try b.graph { (g) throws(GraphError) in try g.gate(gate, up, activation) }
    return try b.linear(inner, "ffn_down", rows: b.hiddenSize)
  }
}

/// One product, an activation, one product back.
package struct PlainFeedForward {
  package var size: Int
  package var activation: Activation

  package init(size: Int, activation: Activation) {
    self.size = size
    self.activation = activation
  }

  /// `x` `[tokens, hidden]`, normalised, gives the block's addition to the residual.
  package func callAsFunction(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID {
    let up = try b.linear(x, "ffn_up", rows: size)
    let inner = try b.graph { (g) throws(GraphError) in try g.activate(up, activation) }
    return try b.linear(inner, "ffn_down", rows: b.hiddenSize)
  }
}
