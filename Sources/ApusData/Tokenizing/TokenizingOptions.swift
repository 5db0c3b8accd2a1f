// What a user decides about turning text into shards, what is told about it, and what can be wrong.

import ApusBasics
import ApusRuntime

/// Settings of a `CorpusTokenizer`.
public struct TokenizingOptions: Sendable, Equatable {
  /// How files become documents.
  public var reading = ReadingOptions()
  /// Whether documents begin with the tokens that the tokenizer puts before a text; nil when it does so by itself.
  public var begins: Bool?
  /// Whether documents end with the tokenizer's end of text.
  public var ends = true
  /// Whether control tokens spelled in a text become control tokens. Text of unknown origin should not be able to.
  public var parsesSpecial = false
  /// The share of the documents, 0 to below 1, that is kept for validation. Which ones depends on their text alone, so a
  /// document stays on its side whatever is added, and copies of it lie on the same.
  public var validation = 0.0
  /// Tokens of a shard; the document that reaches them is its last.
  public var shardTokens = 100_000_000

  /// The defaults.
  public init() {}
}

/// What came out of tokenising, or has so far.
public struct TokenizingReport: Sendable, Equatable {
  /// Documents and tokens of a part.
  public struct Part: Sendable, Equatable {
    /// Documents.
    public var documents = 0
    /// Tokens, those that begin and end documents among them.
    public var tokens = 0
  }

  /// What was read.
  public var reading = ReadingReport()
  /// What was made for training.
  public var train = Part()
  /// What was made for validation.
  public var validation = Part()
  /// Pieces of text with bytes that are no UTF-8. Byte-level tokenizers keep them, others read U+FFFD.
  public var invalidPieces = 0
  /// Whether the corpus is one document that was cut in two for validation.
  public var isCutForValidation = false

  /// Tokens of both parts.
  public var tokens: Int { train.tokens + validation.tokens }

  subscript(part: DatasetPart) -> Part {
    get { part == .train ? train : validation }
    set { if part == .train { train = newValue } else { validation = newValue } }
  }
}

/// Why text does not become a data set.
public enum TokenizingError: ApusError, Equatable {
  /// A setting is outside what is possible.
  case setting(name: String, value: String, expected: String)
  /// Documents should end with an end of text that the tokenizer does not have.
  case noEnd
  /// The folder holds a data set.
  case exists(folder: String)
  /// All documents fell on one side.
  case emptyPart(DatasetPart, documents: Int, share: Double)

  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .setting(let name, let value, let expected): "\(name) is \(value); \(expected) is possible"
    case .noEnd: "the tokenizer has no end-of-text token to end documents with; leave it out with --no-eos"
    case .exists(let folder):
      "\(folder): holds a data set; choose another folder, or ask for it to be replaced"
    case .emptyPart(let part, let documents, let share):
      "none of \(documents) documents is left for the \(part.rawValue) part with a share of \(share) for validation; "
        + "give more documents or another share, or cut files into documents with --separator"
    }
  }
}
