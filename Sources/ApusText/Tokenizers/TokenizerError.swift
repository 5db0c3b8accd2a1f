// What can be wrong with a tokenizer's data or with the text it is given. One line each, with the entry and the
// numbers, so that a user can find the place in the file. The file's name is added by whoever read the file.

import ApusBasics

/// A tokenizer that cannot be built, or a text it cannot encode.
public enum TokenizerError: ApusError, Equatable {
  /// The kind of tokenizer (`tokenizer.ggml.model`) is not one Apus knows.
  case unknownModel(String)
  /// The pre-tokenizer (`tokenizer.ggml.pre`) is not one Apus knows.
  case unknownPreTokenizer(String)
  /// The vocabulary has no token.
  case emptyVocabulary
  /// The vocabulary is larger than any known one by far.
  case tooManyTokens(count: Int, limit: Int)
  /// A token is longer than `limit` bytes.
  case pieceTooLong(index: Int, length: Int, limit: Int)
  /// The list `list` has another number of entries than the vocabulary.
  case countMismatch(list: String, count: Int, tokens: Int)
  /// The score of a token is not a finite number.
  case badScore(index: Int)
  /// The id of a special token does not name a token.
  case specialOutOfRange(name: String, id: Int32, tokens: Int)
  /// An option or the kind of tokenizer needs a special token that the vocabulary does not have.
  case missingSpecial(name: String, reason: String)
  /// The kind of tokenizer needs merges and there are none.
  case missingMerges(model: String)
  /// More merges than any known tokenizer has by far.
  case tooManyMerges(count: Int, limit: Int)
  /// A merge that is not two known tokens whose concatenation is a known token.
  case badMerge(index: Int, text: String, problem: String)
  /// The normalisation table of a unigram tokenizer is damaged.
  case badCharacterMap(String)
  /// The text has a byte that the vocabulary has no token for, and there is no unknown token.
  case noToken(byte: UInt8, offset: Int)
  /// The text is longer than one call takes.
  case textTooLong(count: Int, limit: Int)

  /// Normalising the text makes it longer than any sane normalisation does.
  case normalizationTooLong(limit: Int)

  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .unknownModel(let name):
      "tokenizer model \"\(name)\" is not supported (llama, gpt2, gemma4, bert and t5 are)"
    case .unknownPreTokenizer(let name):
      "pre-tokenizer \"\(name)\" is not known, so its text cannot be split correctly"
    case .emptyVocabulary:
      "the vocabulary has no tokens"
    case .tooManyTokens(let count, let limit):
      "the vocabulary has \(count) tokens, more than the limit of \(limit)"
    case .pieceTooLong(let index, let length, let limit):
      "token \(index) is \(length) bytes long, more than the limit of \(limit)"
    case .countMismatch(let list, let count, let tokens):
      "the list of \(list) has \(count) entries for \(tokens) tokens"
    case .badScore(let index):
      "the score of token \(index) is not a finite number"
    case .specialOutOfRange(let name, let id, let tokens):
      "the \(name) token has id \(id), but there are only \(tokens) tokens"
    case .missingSpecial(let name, let reason):
      "the vocabulary has no \(name) token, which \(reason) needs"
    case .missingMerges(let model):
      "the tokenizer model \"\(model)\" needs merges and has none"
    case .tooManyMerges(let count, let limit):
      "the tokenizer has \(count) merges, more than the limit of \(limit)"
    case .badMerge(let index, let text, let problem):
      "merge \(index) \"\(text)\": \(problem)"
    case .badCharacterMap(let problem):
      "the normalisation table of the tokenizer is damaged: \(problem)"
    case .noToken(let byte, let offset):
      "the vocabulary has no token for byte \(byte) at offset \(offset) of the text, and no unknown token"
    case .normalizationTooLong(let limit):
      "normalising the text makes it longer than the limit of \(limit) bytes"
    case .textTooLong(let count, let limit):
      "the text has \(count) bytes, more than the limit of \(limit) for one call"
    }
  }
}
