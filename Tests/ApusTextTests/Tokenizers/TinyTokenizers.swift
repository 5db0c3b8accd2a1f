// Small tokenizers made in the tests, for behaviour that needs no real vocabulary.

import ApusText

enum Tiny {
  /// The characters GPT-2 spells the 256 bytes with, in the order of the bytes.
  static let alphabet: [String] = {
    var next: UInt32 = 0x100
    return (0..<256 as Range<UInt32>).map { byte in
      if 0x21...0x7E ~= byte || 0xA1...0xAC ~= byte || 0xAE...0xFF ~= byte {
        return String(Unicode.Scalar(byte)!)
      }
      defer { next += 1 }
      return String(Unicode.Scalar(next)!)
    }
  }()

  /// A byte-level tokenizer: 256 bytes, what `merges` make, then control and user-defined tokens.
  static func bytePair(
    merges: [String] = ["h e", "l l", "he ll", "hell o", "Ġ hello", "Ġ Ġ", "ĠĠ ĠĠ", "a a", "aa aa", "Ì ģ"],
    control: [String] = ["<|begin|>", "<|im_end|>", "<s>"], userDefined: [String] = ["<tool>"],
    pre: String? = "gpt-2", bytes: [Int] = Array(0..<256), special: SpecialTokens = SpecialTokens(),
    options: TokenizerOptions = TokenizerOptions()
  ) throws(TokenizerError) -> any Tokenizer {
    var pieces = bytes.map { alphabet[$0] }
    pieces += merges.map { $0.split(separator: " ").joined() }
    let kinds =
      Array(repeating: TokenKind.normal, count: pieces.count) + control.map { _ in .control }
      + userDefined.map { _ in .userDefined }
    let vocabulary = try Vocabulary(
      pieces: ByteStrings(pieces + control + userDefined), kinds: kinds, special: special)
    return try Tokenizers.make(
      model: "gpt2", pre: pre, vocabulary: vocabulary, merges: ByteStrings(merges), options: options)
  }

  /// A SentencePiece tokenizer: unk, bos, eos, bytes where wanted, then `pieces` with falling scores.
  static func sentencePiece(
    _ pieces: [String] = [
      "▁", "h", "e", "l", "o", "he", "ll", "hell", "hello", "▁hello", "▁▁", "a", "aa", "aaaa",
    ],
    bytes: Bool = true, userDefined: [String] = [],
    special: SpecialTokens = SpecialTokens(bos: 1, eos: 2, unk: 0),
    options: TokenizerOptions = TokenizerOptions()
  ) throws(TokenizerError) -> any Tokenizer {
    var all = ["<unk>", "<s>", "</s>"]
    var kinds: [TokenKind] = [.unknown, .control, .control]
    if bytes {
      let digits = Array("0123456789ABCDEF")
      all += (0..<256).map { "<0x\(digits[$0 / 16])\(digits[$0 % 16])>" }
      kinds += Array(repeating: .byte, count: 256)
    }
    var scores = [Float](repeating: 0, count: all.count)
    // Longer pieces merge first, as in a vocabulary trained on them.
    scores += pieces.indices.map { Float(-pieces.count + $0) }
    all += pieces + userDefined
    kinds += pieces.map { _ in .normal } + userDefined.map { _ in .userDefined }
    scores += userDefined.map { _ in 0 }
    let vocabulary = try Vocabulary(pieces: ByteStrings(all), scores: scores, kinds: kinds, special: special)
    return try Tokenizers.make(model: "llama", vocabulary: vocabulary, options: options)
  }

  /// A WordPiece tokenizer over a few words.
  static func wordPiece(_ pieces: [String] = ["▁hello", "▁world", "s", "▁!", "▁e", "▁a"])
    throws(TokenizerError)
    -> any Tokenizer
  {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    let vocabulary = try Vocabulary(
      pieces: ByteStrings(special + pieces),
      kinds: [.control, .unknown, .control, .control, .control] + pieces.map { _ in .normal },
      special: SpecialTokens(unk: 1, sep: 3, pad: 0, mask: 4, cls: 2))
    return try Tokenizers.make(model: "bert", vocabulary: vocabulary)
  }
}
