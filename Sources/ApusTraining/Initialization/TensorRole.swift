// What a tensor does in a network, read from its name in GGUF files.

import ApusModels

/// The part a tensor plays, as far as its first values depend on it.
package enum TensorRole: Equatable, Sendable {
  case tokenEmbedding
  /// Learned positions, and token types.
  case positionEmbedding
  /// A matrix that reads the residual stream or what a block made of it.
  case hidden
  /// A matrix whose product is added to the residual stream.
  case residual
  /// The head.
  case output
  /// The head of scores.
  case score
  case norm
  case bias

  /// - Parameter name: such as `blk.3.ffn_down.weight`.
  /// - Throws: `LearningError.unknownTensor`.
  package init(_ name: String) throws(LearningError) {
    if name == ScoreHead.weight {
      self = .score
      return
    }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    let isBias = parts.last == "bias"
    guard parts.count >= 2, isBias || parts.last == "weight" else { throw .unknownTensor(name) }
    // `output.weight`, `blk.3.ffn_up.weight`
    let inBlock = parts.count == 4 && parts[0] == "blk" && Int(parts[1]) != nil
    guard inBlock || parts.count == 2 else { throw .unknownTensor(name) }
    let part = parts[inBlock ? 2 : 0]
    let role: TensorRole? =
      if part.hasSuffix("_norm") {
        .norm
      } else if inBlock {
        switch part {
        case "attn_q", "attn_k", "attn_v", "attn_qkv", "ffn_up", "ffn_gate": .hidden
        case "attn_output", "ffn_down": .residual
        default: nil
        }
      } else {
        switch part {
        case "token_embd": .tokenEmbedding
        case "position_embd", "token_types": .positionEmbedding
        case "output": .output
        default: nil
        }
      }
    guard let role else { throw .unknownTensor(name) }
    self = isBias ? .bias : role
  }
}
