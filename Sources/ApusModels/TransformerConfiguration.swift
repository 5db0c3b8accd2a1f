// The numbers every decoder of the family shares.

/// Sizes of a transformer, checked against one another.
public struct TransformerConfiguration: Hashable, Sendable {
  /// Pieces in the vocabulary: rows of the embedding.
  public var vocabularySize: Int
  /// Width of the residual stream.
  public var hiddenSize: Int
  /// Transformer blocks.
  public var layers: Int
  /// Query heads.
  public var heads: Int
  /// Heads of keys and values; query heads share them in groups.
  public var keyValueHeads: Int
  /// Width of one head.
  public var headSize: Int
  /// Inner width of the MLP.
  public var feedForwardSize: Int
  /// Positions the model was trained for.
  public var contextLength: Int
  /// ε of its norms.
  public var normEpsilon: Float

  /// Reads the keys every architecture has.
  package init(_ h: Hyperparameters, vocabularySize: Int, epsilonKey: String) throws(ModelError) {
    self.vocabularySize = vocabularySize
    layers = try h.integer("block_count", in: 1...4096)
    hiddenSize = try h.integer("embedding_length", in: 1...1_048_576)
    heads = try h.perLayerInteger("attention.head_count", layers: layers, in: 1...65_536, default: 0)
    guard heads > 0 else { throw .missingKey(h.shown("attention.head_count")) }
    keyValueHeads = try h.perLayerInteger(
      "attention.head_count_kv", layers: layers, in: 1...65_536, default: heads)
    guard heads % keyValueHeads == 0 else {
      throw .invalidKey(
        h.shown("attention.head_count_kv"), value: "\(keyValueHeads)",
        expected: "a divisor of the \(heads) query heads")
    }
    headSize = try h.integer("attention.key_length", in: 2...512, default: hiddenSize / heads)
    let valueSize = try h.integer("attention.value_length", in: 2...512, default: headSize)
    if h.text("attention.key_length") == nil, headSize * heads != hiddenSize, headSize == hiddenSize / heads,
      hiddenSize % heads != 0
    {
      throw .invalidKey(
        h.shown("attention.head_count"), value: "\(heads)",
        expected: "a divisor of embedding_length \(hiddenSize)")
    }
    guard headSize == valueSize, headSize % 2 == 0, headSize <= 512 else {
      throw .invalidKey(
        h.shown("attention.value_length"), value: "\(valueSize)",
        expected: "the same even number as key_length, \(headSize)")
    }
    feedForwardSize = try h.perLayerInteger(
      "feed_forward_length", layers: layers, in: 1...4_194_304, default: 4 * hiddenSize)
    contextLength = try h.integer("context_length", in: 1...16_777_216)
    normEpsilon = Float(try h.real("attention.\(epsilonKey)", in: 1e-30...1))
  }
}
