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

  /// The pooling a GGUF file numbers `id` (`*.pooling_type`).
  package init?(id: Int) {
    let numbered: [Pooling] = [.none, .mean, .cls, .last, .rank]
    guard numbered.indices.contains(id) else { return nil }
    self = numbered[id]
  }
}
