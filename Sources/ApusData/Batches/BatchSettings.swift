// What a user decides about the rows a model is trained on, and what can be wrong with it.

import ApusBasics

/// How a corpus becomes rows.
public struct BatchSettings: Sendable, Equatable {
  /// What a row is.
  public enum Mode: String, Sendable, CaseIterable {
    /// A window of the corpus, documents one behind the other; a token sees whatever stands before it in the row.
    case stream
    /// Whole documents, or pieces of those that are longer than a row; a token sees its own document only.
    case documents
  }

  /// What a row is.
  public var mode: Mode
  /// Rows of a batch.
  public var sequences: Int
  /// Tokens of a row.
  public var length: Int
  /// Chooses the order of the rows.
  public var seed: UInt64
  /// Whether rows come in another order in each epoch, or in the corpus's.
  public var shuffles: Bool
  /// How much a target counts, where the data say what each token is part of. One that counts nothing is no target.
  public var weights: TokenWeights

  /// Settings with the given fields.
  public init(
    mode: Mode = .stream, sequences: Int, length: Int, seed: UInt64 = 0, shuffles: Bool = true,
    weights: TokenWeights = TokenWeights()
  ) {
    self.mode = mode
    self.sequences = sequences
    self.length = length
    self.seed = seed
    self.shuffles = shuffles
    self.weights = weights
  }
}

/// Why a corpus gives no batches.
public enum BatchError: ApusError, Equatable {
  /// A setting is outside what is possible.
  case setting(name: String, value: Int, range: ClosedRange<Int>)
  /// The corpus has less than a row.
  case shorterThanRow(dataset: String, tokens: Int, length: Int)
  /// The corpus has less than a batch.
  case shorterThanBatch(dataset: String, tokens: Int, rows: Int, sequences: Int, length: Int)

  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .setting(let name, let value, let range):
      "\(name) is \(value); \(range.lowerBound) to \(range.upperBound) is possible"
    case .shorterThanRow(let dataset, let tokens, let length):
      "\(dataset): \(tokens) tokens are too few for one sequence of \(length) and the token after it; "
        + "use shorter sequences or more text"
    case .shorterThanBatch(let dataset, let tokens, let rows, let sequences, let length):
      "\(dataset): \(tokens) tokens make \(rows) sequence\(rows == 1 ? "" : "s") of \(length), less than one batch of \(sequences); "
        + "use smaller batches, shorter sequences or more text"
    }
  }
}
