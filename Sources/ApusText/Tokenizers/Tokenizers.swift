// The one place where a tokenizer is made from what a file says: the kinds, their default special ids and settings.

/// Makes tokenizers.
public enum Tokenizers {
  /// The tokenizer of a model.
  ///
  /// - Parameters:
  ///   - model: the kind, `tokenizer.ggml.model`: `llama` (SentencePiece, byte pairs), `gpt2` (byte-level byte pairs),
  ///     `gemma4` (byte pairs of characters), `bert` (WordPiece) or `t5` (SentencePiece, unigram).
  ///   - pre: how words are cut, `tokenizer.ggml.pre`; only `gpt2` uses it. Without it the default is used and noted.
  ///   - merges: `tokenizer.ggml.merges`, each `left right`; only `gpt2` and `gemma4` have them.
  /// - Throws: `TokenizerError`. An unknown kind or pre-tokenizer is an error that names it, never a guess.
  /// - Complexity: O(bytes of pieces and merges); 150,000 of each take a few hundredths of a second.
  public static func make(
    model: String, pre: String? = nil, vocabulary: Vocabulary, merges: ByteStrings? = nil,
    options: TokenizerOptions = TokenizerOptions()
  ) throws(TokenizerError) -> any Tokenizer {
    var settings = TokenizerSettings(vocabulary: vocabulary, options: options, preTokenizer: pre)
    switch model {
    case "llama":
      settings.setDefaults(SpecialTokens(bos: 1, eos: 2, unk: 0))
      try settings.decideEnds(addBOS: true, addEOS: false)
      return SentencePieceTokenizer(settings)
    case "gpt2", "gemma4":
      guard let merges else { throw .missingMerges(model: model) }
      let name = model == "gemma4" ? model : pre ?? ""
      if name.isEmpty {
        settings.notes.append(
          "the file names no pre-tokenizer, so the default one is used; the model may answer worse for it")
      }
      let preTokenizer = try PreTokenizer.named(name.isEmpty ? "default" : name)
      settings.preTokenizer = name.isEmpty ? "default" : name
      // Falcon's files rely on id 11 without saying so; elsewhere it is an ordinary piece.
      if model == "gpt2", !preTokenizer.noDefaultBOS, vocabulary.contains(11),
        vocabulary.kind(of: 11) == .control
      {
        settings.setDefaults(SpecialTokens(bos: 11, eos: 11))
      }
      if name == "gemma4", options.addBOS == false, vocabulary.special.bos != nil {
        // Early files of this family say no by mistake, and the model fails without BOS.
        settings.options.addBOS = true
        settings.notes.append("add_bos_token is false in the file, but Gemma 4 needs BOS, so it is added")
      }
      try settings.decideEnds(addBOS: preTokenizer.addBOS, addEOS: false)
      return try BytePairTokenizer(
        model: model, name: settings.preTokenizer ?? name, preTokenizer: preTokenizer, merges: merges,
        settings: settings)
    case "bert":
      settings.setDefaults(SpecialTokens(bos: 101, unk: 100, sep: 102, pad: 0, mask: 103))
      return try WordPieceTokenizer(settings)
    case "t5":
      settings.setDefaults(SpecialTokens(eos: 1, unk: 2, pad: 0))
      try settings.decideEnds(addBOS: false, addEOS: true)
      return try UnigramTokenizer(settings)
    default:
      throw .unknownModel(model)
    }
  }
}
