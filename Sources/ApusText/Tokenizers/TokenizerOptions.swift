// What a file says about its tokenizer besides the vocabulary. Everything is optional: what the file leaves open,
// the kind of tokenizer and the pre-tokenizer decide.

/// Settings of a tokenizer as a file states them; `nil` leaves the choice to the kind of tokenizer.
public struct TokenizerOptions: Sendable, Equatable {
  /// Whether a text begins with the BOS token (`tokenizer.ggml.add_bos_token`).
  public var addBOS: Bool?
  /// Whether a text ends with the EOS token (`tokenizer.ggml.add_eos_token`).
  public var addEOS: Bool?
  /// Whether a space is put before a text (`tokenizer.ggml.add_space_prefix`).
  public var addSpacePrefix: Bool?
  /// Whether runs of spaces count as one, unigram only (`tokenizer.ggml.remove_extra_whitespaces`).
  public var removeExtraWhitespaces: Bool?
  /// Whether spaces are spelled ▁ in the pieces.
  public var escapeWhitespaces: Bool?
  /// Whether a word that is a piece is that token, whatever the merges say.
  public var ignoreMerges: Bool?
  /// Whether the added space goes behind the text, unigram only.
  public var treatWhitespaceAsSuffix: Bool?
  /// Whether text is lowercased, WordPiece only (`tokenizer.ggml.normalizer.lowercase`).
  public var lowercase: Bool?
  /// Whether accents are dropped, WordPiece only (`tokenizer.ggml.normalizer.strip_accents`).
  public var stripAccents: Bool?
  /// SentencePiece's compiled normalisation, unigram only (`tokenizer.ggml.precompiled_charsmap`).
  public var characterMap: [UInt8] = []
  /// The name of the model (`general.name`); a few models strip spaces beside their special tokens.
  public var modelName: String?
  /// The architecture (`general.architecture`), for the same reason.
  public var architecture: String?

  /// Everything left open.
  public init() {}
}
