// What can be wrong with the training of a tokenizer. Errors of the texts' files are those of ApusRuntime.

import ApusBasics

/// Why a tokenizer cannot be trained.
public enum BPETrainingError: ApusError, Equatable {
  /// The vocabulary has no room for the 256 bytes and the special tokens, or is larger than any reader takes.
  case vocabularySize(Int, least: Int, most: Int)
  /// A special token is empty, longer than `limit` bytes, or one of the pieces that stand for a byte.
  case specialToken(String, problem: String)
  /// A pair must occur at least once.
  case minimumFrequency(Int)
  /// There is no text at all.
  case noText
  /// The different words have more bytes than the training can address.
  case tooManyWords(bytes: Int, limit: Int)
  /// The system refused memory.
  case outOfMemory(bytes: Int, purpose: String)

  /// One line with the numbers.
  public var description: String {
    switch self {
    case .vocabularySize(let size, let least, let most):
      size < least
        ? "a vocabulary of \(size) tokens is too small: 256 bytes and \(least - 256) special tokens need \(least)"
        : "a vocabulary of \(size) tokens is too large, \(most) is the most"
    case .specialToken(let token, let problem):
      "the special token '\(token)' \(problem)"
    case .minimumFrequency(let frequency):
      "a minimum frequency of \(frequency) is not possible, 1 is the least"
    case .noText:
      "there is no text to train on: all of it is empty"
    case .tooManyWords(let bytes, let limit):
      "the different words have \(bytes) bytes, more than the limit of \(limit); train on a part of the text"
    case .outOfMemory(let bytes, let purpose):
      "cannot get \(bytes) bytes for \(purpose); train on a part of the text"
    }
  }
}
