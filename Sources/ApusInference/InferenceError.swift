// What can go wrong between a prompt and its answer.

import ApusBasics

/// An error of generation.
public enum InferenceError: ApusError, Equatable {
  /// The prompt is longer than the context.
  case contextExceeded(tokens: Int, context: Int)
  /// There is nothing to continue: no tokens and no beginning-of-text token.
  case emptyPrompt
  /// A token id outside the vocabulary.
  case tokenOutOfRange(id: Int, vocabulary: Int)
  /// The tokenizer has tokens for which the model has no row.
  case vocabulary(tokens: Int, rows: Int)
  /// Weights, cache and activations together are more than may be used.
  case memory(needed: Int, weights: Int, cache: Int, activations: Int, available: Int, largestContext: Int)
  /// A step made a value that is not a number.
  case nonFinite(operation: String, scope: String)
  /// The pages of the cache are all in use.
  case cacheFull
  /// No token may follow: every logit is excluded.
  case noTokenAllowed
  /// A setting outside what makes sense.
  case invalidOption(name: String, value: String, expected: String)
  /// The model was unloaded.
  case closed

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .contextExceeded(let tokens, let context):
      return
        "the prompt has \(tokens) tokens, more than the context of \(context); raise it with -c or shorten the prompt"
    case .emptyPrompt:
      return "the prompt is empty and the model has no beginning-of-text token; give a prompt"
    case .tokenOutOfRange(let id, let vocabulary):
      return "token id \(id) is outside the vocabulary of \(vocabulary)"
    case .vocabulary(let tokens, let rows):
      return
        "the tokenizer has \(tokens) tokens, but the model only \(rows) rows of embeddings: they do not belong together"
    case .memory(let needed, let weights, let cache, let activations, let available, let largest):
      func mib(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20) MiB" }
      return
        "needs \(mib(needed)) (weights \(mib(weights)) + KV cache \(mib(cache)) + activations \(mib(activations))) but \(mib(available)) may be used; "
        + (largest > 0
          ? "the largest context that fits is \(largest) (-c \(largest))" : "even the weights do not fit")
    case .nonFinite(let operation, let scope):
      return
        "the model produced non-finite values at \(scope.isEmpty ? operation : "\(scope) (\(operation))"); the file may be damaged: apus inspect --check finds the tensor"
    case .cacheFull:
      return "the KV cache is full"
    case .noTokenAllowed:
      return "no token may follow: every one is excluded"
    case .invalidOption(let name, let value, let expected):
      return "\(name) is \(value); expected \(expected)"
    case .closed:
      return "the model was closed"
    }
  }
}
