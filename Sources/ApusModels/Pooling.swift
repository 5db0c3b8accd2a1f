// How the rows of a text's tokens become the one row that stands for the text.

/// What an embedding model makes of its last hidden states.
public enum Pooling: String, Sendable, CaseIterable {
  /// The mean over the text's tokens.
  case mean
  /// The first token's row ([CLS]).
  case cls
  /// The last token's row.
  case last
  /// The score of a pair of texts by a cross-encoder.
  case rank
  /// No pooling: a row for each token.
  case none

  /// In the order of their numbers in GGUF files (`*.pooling_type`).
  private static let numbered: [Pooling] = [.none, .mean, .cls, .last, .rank]

  /// The pooling a GGUF file numbers `id`.
  package init?(id: Int) {
    guard Self.numbered.indices.contains(id) else { return nil }
    self = Self.numbered[id]
  }

  /// Its number in GGUF files.
  package var id: Int { Self.numbered.firstIndex(of: self)! }
}
