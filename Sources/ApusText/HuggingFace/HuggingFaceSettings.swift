// What a `tokenizer.json` says that no GGUF file does, in the form the tokenizers take it.

/// Settings of a tokenizer from a `tokenizer.json`, beside those every file has.
struct HuggingFaceSettings: Sendable {
  /// What happens to a text before the model sees it.
  var pipeline: TextPipeline
  var template: TokenTemplate
  /// Whether a text begins with a ▁ that was not in it.
  var addsSpacePrefix = false
  /// Neighbouring unknown characters of a word are one token, byte pairs only.
  var fusesUnknown = false
  /// The scores of the model's own pieces as the file has them, unigram only.
  var scores: [Double]?
  var wordPiece: WordPiece?

  /// What only WordPiece has.
  struct WordPiece: Sendable {
    /// What a piece within a word begins with.
    var continuation: [UInt8]
    /// Words of more characters are unknown.
    var longestWord: Int
    var normalizer: WordNormalizer
  }
}
