// The encoder of a model at the size its texts need. Most texts are short, so it begins small; a longer one gets a
// larger encoder, up to the model's context. No text is refused for the size of a batch.

import ApusGraph
import ApusModels
import ApusRuntime

/// A model's encoder and the batches it is run with.
///
/// Not thread-safe.
package final class EncoderPool {
  private let network: Network
  private let weights: WeightStore
  private let runtime: Runtime
  private let pooling: Pooling
  private let contextLength: Int
  package private(set) var encoder: Encoder

  /// Enough tokens for products to run at full speed, few enough for their activations to stay in the cache.
  package static let stepTokens = 512

  package init(
    _ network: Network, _ weights: WeightStore, _ runtime: Runtime, pooling: Pooling, contextLength: Int
  ) throws {
    self.network = network
    self.weights = weights
    self.runtime = runtime
    self.pooling = pooling
    self.contextLength = contextLength
    encoder = try Encoder(
      network, weights, runtime, pooling: pooling, capacity: min(contextLength, Self.stepTokens))
  }

  /// Tokens of a step of the encoder that a text of so many tokens needs.
  package static func capacity(for tokens: Int, contextLength: Int) -> Int {
    var capacity = min(contextLength, stepTokens)
    while capacity < tokens { capacity *= 2 }
    return min(capacity, contextLength)
  }

  package var dimension: Int { encoder.dimension }

  /// Makes room for a text of so many tokens.
  package func prepare(for tokens: Int) throws {
    guard tokens > encoder.capacity else { return }
    encoder = try Encoder(
      network, weights, runtime, pooling: pooling,
      capacity: Self.capacity(for: tokens, contextLength: contextLength))
  }

  /// Runs all texts and hands each one's row to `body`.
  ///
  /// Texts of like length share a step; the index says which one a row belongs to. A row does not depend on its
  /// neighbours.
  package func run(
    _ texts: [TokenizedText], _ body: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws {
    let order = texts.indices.sorted { (texts[$0].tokens.count, $1) > (texts[$1].tokens.count, $0) }
    guard let longest = order.first else { return }
    try prepare(for: texts[longest].tokens.count)
    var next = order.startIndex
    while next < order.endIndex {
      let first = next
      encoder.begin()
      while next < order.endIndex, encoder.hasRoom(for: texts[order[next]].tokens.count) {
        let text = texts[order[next]]
        text.tokens.withUnsafeBufferPointer { encoder.add($0, secondSegment: text.secondSegment) }
        next += 1
      }
      try encoder.run()
      for (row, text) in order[first..<next].enumerated() { try body(text, encoder.row(row)) }
    }
  }
}

/// A text, or a pair of texts, as tokens.
package struct TokenizedText: Sendable {
  package var tokens: [Int32]
  /// The index of the first token of a pair's second text, where the model tells the two apart.
  package var secondSegment = Int.max

  package init(_ tokens: [Int32], secondSegment: Int = .max) {
    self.tokens = tokens
    self.secondSegment = secondSegment
  }
}
