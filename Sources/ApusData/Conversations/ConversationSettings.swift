// What a user decides about conversations to learn from, what is counted on the way, and why there may be nothing in the end.

import ApusBasics
import ApusText

/// How conversations become examples.
public struct ConversationSettings: Sendable, Equatable {
  /// What happens to an example longer than `length`.
  public enum TooLong: String, Sendable, CaseIterable {
    /// It is left out.
    case skip
    /// Its end is cut off; it is left out all the same when the assistant says nothing in what is left.
    case truncate
  }

  /// What begins the assistant's reasoning.
  public var reasoningBegin = "<think>"
  /// What ends it.
  public var reasoningEnd = "</think>"
  /// The most tokens of an example; nil for any number.
  public var length: Int?
  /// What happens to longer ones.
  public var tooLong = TooLong.skip
  /// Bad lines that are skipped and counted; the next one is an error.
  public var skipLimit = 0

  /// The defaults.
  public init() {}
}

/// What was met in files of conversations.
public struct ConversationReport: Sendable, Equatable {
  /// Lines, and bad lines among them. Lines that are no conversation, and those that the template refuses, count as bad.
  public var reading = ReadingReport()
  /// Conversations that were read.
  public var conversations = 0
  /// Examples made of them: one each, and one more for each answer that the template writes otherwise once more follows.
  public var examples = 0
  /// Tokens of these by `ConversationPart`.
  public var tokens = [ConversationPart: Int]()
  /// Examples left out because they are longer than the limit.
  public var skippedLong = 0
  /// Examples whose end was cut off.
  public var truncated = 0
  /// Of those skipped, the ones without a word of the assistant's within the limit.
  public var nothingLeft = 0
  /// The longest example met, in tokens, whether or not it was kept.
  public var longest = 0
  /// Tokens that lie across the border of two kinds; they count as the assistant's.
  public var straddling = 0
  /// Answers without a token that ends them: a model does not learn there when to stop.
  public var endless = 0

  /// A report of nothing.
  public init() {}

  /// Tokens of all kinds.
  public var tokenCount: Int { tokens.values.reduce(0, +) }
  /// Tokens of the assistant.
  public var countedTokens: Int { tokens[.answer, default: 0] + tokens[.reasoning, default: 0] }

  /// What a careful user should know, one line each.
  public var notes: [String] {
    var notes = CountedNotes()
    notes.add(badLinesOf: reading)
    notes.add(
      skippedLong, "example was skipped because it is too long (the longest has \(longest) tokens)",
      "examples were skipped because they are too long (the longest has \(longest) tokens)")
    notes.add(
      nothingLeft, "of them has no answer within the limit", "of them have no answer within the limit")
    notes.add(
      truncated, "example was cut because it is too long (the longest has \(longest) tokens)",
      "examples were cut because they are too long (the longest has \(longest) tokens)")
    notes.add(
      examples + skippedLong - conversations,
      "answer is an example of its own, because the template writes it otherwise once more follows",
      "answers are examples of their own, because the template writes them otherwise once more follows")
    notes.add(
      straddling, "token lies across the border of the assistant's words and counts as its",
      "tokens lie across the border of the assistant's words and count as its")
    notes.add(
      endless, "answer has no token that ends it: the model does not learn there when to stop",
      "answers have no token that ends them: the model does not learn there when to stop")
    return notes.lines
  }
}

/// Why there is nothing to learn from.
public enum ConversationError: ApusError, Equatable {
  /// The template cannot be read.
  case template(TemplateError)
  /// Not one example is left.
  case nothing(files: Int, ConversationReport, length: Int?)

  /// What is wrong and what to do, in one line.
  public var description: String {
    switch self {
    case .template(let error): return error.description
    case .nothing(let files, let report, let length):
      let count = "\(files) file\(files == 1 ? "" : "s")"
      guard let length, report.skippedLong > 0 else { return "no conversation in \(count)" }
      return tooLongText(report.skippedLong, "example", "examples", of: count, length)
        + ", the longest has \(report.longest) tokens; allow longer sequences (batch.length), or have them cut "
        + "(data.tooLong)"
    }
  }
}
