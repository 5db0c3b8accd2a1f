// What is counted when preferences are read, and why there may be nothing in the end.

import ApusBasics

/// What was met in files of preferences.
public struct PreferenceReport: Sendable, Equatable {
  /// Lines, and bad lines among them. Lines that are no preference, and those that the template refuses, count as bad.
  public var reading = ReadingReport()
  /// Lines that were read.
  public var preferences = 0
  /// Those that are kept.
  public var kept = 0
  /// Of single answers, those that are good.
  public var desirable = 0
  /// Tokens of the prompts that are kept, each as often as it has answers.
  public var promptTokens = 0
  /// Tokens of the answers that are kept.
  public var answerTokens = 0
  /// Left out because an answer with its prompt is longer than the limit.
  public var skippedLong = 0
  /// Of those, the ones that have no two different answers, or none at all, within the limit.
  public var nothingLeft = 0
  /// Kept, but the end of an answer was cut off.
  public var truncated = 0
  /// The longest answer met with its prompt, in tokens, whether or not it was kept.
  public var longest = 0
  /// Tokens that lie across the border of prompt and answer; they count as the answer's.
  public var straddling = 0
  /// Answers without a token that ends them.
  public var endless = 0

  /// A report of nothing.
  public init() {}

  /// What a careful user should know, one line each.
  public var notes: [String] {
    var notes = CountedNotes()
    notes.add(badLinesOf: reading)
    notes.add(
      skippedLong, "preference was skipped because it is too long (the longest answer has \(longest) tokens)",
      "preferences were skipped because they are too long (the longest answer has \(longest) tokens)")
    notes.add(
      nothingLeft, "of them has nothing to compare within the limit",
      "of them have nothing to compare within the limit")
    notes.add(
      truncated, "preference was cut because it is too long (the longest answer has \(longest) tokens)",
      "preferences were cut because they are too long (the longest answer has \(longest) tokens)")
    notes.add(
      straddling, "token lies across the border of prompt and answer and counts as the answer's",
      "tokens lie across the border of prompt and answer and count as the answer's")
    notes.add(
      endless, "answer has no token that ends it: the model does not learn there when to stop",
      "answers have no token that ends them: the model does not learn there when to stop")
    return notes.lines
  }
}

/// Why there are no preferences to learn from.
public enum PreferenceError: ApusError, Equatable {
  /// Not one is left.
  case nothing(files: Int, PreferenceReport, length: Int?)

  /// What is wrong and what to do, in one line.
  public var description: String {
    switch self {
    case .nothing(let files, let report, let length):
      let count = "\(files) file\(files == 1 ? "" : "s")"
      guard let length, report.skippedLong > 0 else { return "no preference in \(count)" }
      return tooLongText(report.skippedLong, "preference", "preferences", of: count, length)
        + ", the longest answer with its prompt has \(report.longest) tokens; allow longer sequences (batch.length), or "
        + "have them cut (data.tooLong)"
    }
  }
}
