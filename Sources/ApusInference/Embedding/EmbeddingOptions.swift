// What a caller may choose about vectors, and what can be wrong with a text or a model.

import ApusBasics
import ApusModels

/// What to do with a text that is longer than the model's context.
public enum LongTextPolicy: String, Sendable, CaseIterable {
  /// Refuse it, with its length.
  case refuse
  /// Keep its beginning.
  case truncate
  /// Cut it into parts and take their mean, weighted by length; for a reranker the best part's score.
  case split
}

/// How texts become vectors.
public struct EmbeddingOptions: Sendable {
  /// How tokens become one vector; nil for what the model was trained with.
  public var pooling: Pooling?
  /// Whether vectors have length 1; nil for what the model was trained with, which is yes where its files do not say.
  public var normalizes: Bool?
  /// The first values of a vector to keep, for models trained so that these suffice (Kusupati et al. 2022,
  /// arXiv:2205.13147); they are brought to length 1 again if vectors are. Nil keeps all.
  public var dimension: Int?
  /// What to do with texts longer than the context.
  public var longTexts = LongTextPolicy.refuse
  /// The most tokens of a text; nil for the model's own limit.
  public var contextLength: Int?

  /// The defaults.
  public init() {}
}

/// An error of embedding or reranking.
public enum EmbeddingError: ApusError, Equatable {
  /// The model continues texts; it was not made for vectors.
  case generative(name: String, architecture: String)
  /// The model scores pairs of texts.
  case reranker(name: String)
  /// The model scores conversations.
  case rewardModel(name: String)
  /// The model has no head that scores pairs.
  case notReranker(name: String, architecture: String)
  /// A text without a token of its own.
  case emptyText(index: Int)
  /// A text longer than the context.
  case tooLong(index: Int, tokens: Int, limit: Int)
  /// The query alone fills the context.
  case queryTooLong(tokens: Int, limit: Int)
  /// A prompt the model does not have.
  case unknownPrompt(String, known: [String])
  /// More values asked for than vectors have.
  case dimension(Int, largest: Int)
  /// The tokenizer has more tokens than the model has rows.
  case vocabulary(tokens: Int, rows: Int)
  /// An option that makes no sense here.
  case invalidOption(name: String, value: String, expected: String)

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .generative(let name, let architecture):
      return
        "\(name) is a generative model (\(architecture)): it continues texts (apus run) and was not trained to make vectors; a pooling (--pooling mean or last) makes vectors of its hidden states all the same"
    case .reranker(let name):
      return "\(name) is a reranker: it scores pairs of texts (apus rerank) and makes no vectors"
    case .rewardModel(let name):
      return
        "\(name) is a reward model: it scores conversations (apus score), makes no vectors and compares no texts"
    case .notReranker(let name, let architecture):
      return
        "\(name) (\(architecture)) has no head that scores pairs of texts; embed texts with it (apus embed), or name a cross-encoder such as bge-reranker"
    case .emptyText(let index), .tooLong(let index, _, _):
      return "text \(index + 1) \(problem)"
    case .queryTooLong(let tokens, let limit):
      return "the query has \(tokens) tokens, which leaves no room for a text in the \(limit) the model takes"
    case .unknownPrompt(let name, let known):
      return known.isEmpty
        ? "the model names no prompts, so there is no \"\(name)\""
        : "the model has no prompt \"\(name)\"; it has \(known.sorted().joined(separator: ", "))"
    case .dimension(let asked, let largest):
      return "\(asked) values are more than the \(largest) of the model's vectors"
    case .vocabulary(let tokens, let rows):
      return
        "the tokenizer has \(tokens) tokens but the model has rows for \(rows): they do not belong together"
    case .invalidOption(let name, let value, let expected):
      return "\(name) is \(value); expected \(expected)"
    }
  }
}

extension EmbeddingError {
  /// The text at fault, counted from 0 among those of the call, where it is one text's fault.
  public var textIndex: Int? {
    switch self {
    case .emptyText(let index), .tooLong(let index, _, _): index
    default: nil
    }
  }

  /// What is wrong with the text, without its number, so that a caller can name it.
  public var problem: String {
    switch self {
    case .emptyText: "has nothing to embed: it is empty or only white space"
    case .tooLong(_, let tokens, let limit):
      "has \(tokens) tokens, more than the \(limit) the model takes; --long-texts truncate or split cuts it"
    default: description
    }
  }
}
