// Files of preferences as a data set: read as a stream, rendered and tokenised by all threads, kept in the order of the files.

import ApusBasics
import ApusRuntime
import ApusText

/// Reads preferences, one to a line of JSON, compressed or not.
///
///     let corpus = PreferenceCorpus(encoder, .pairs, pool: runtime.workers)
///     let (dataset, report) = try corpus.read(["pairs.jsonl"])
public struct PreferenceCorpus: Sendable {
  private let encoder: ConversationEncoder
  private let kind: PreferenceKind
  private let pool: WorkerPool?

  /// A reader that tokenises on the threads of `pool`. The encoder's settings say how long answers may be and how many bad
  /// lines are skipped.
  public init(_ encoder: ConversationEncoder, _ kind: PreferenceKind, pool: WorkerPool? = nil) {
    self.encoder = encoder
    self.kind = kind
    self.pool = pool
  }

  /// The preferences of the files at `paths` as a data set in memory.
  ///
  /// - Throws: `ReadingError` with file and line, `PreferenceError.nothing`.
  public func read(_ paths: [String]) throws -> (dataset: PreferenceDataset, report: PreferenceReport) {
    var answers = PreferenceAnswers()
    let report = try forEachPreference(paths) { answers.add($0) }
    guard report.kept > 0 else {
      throw PreferenceError.nothing(files: paths.count, report, length: encoder.settings.length)
    }
    let dataset = PreferenceDataset(
      answers, kind, length: encoder.settings.length,
      vocabularySize: encoder.formatter.tokenizer.vocabulary.count,
      name: paths.count == 1 ? paths[0] : "\(paths.count) files")
    return (dataset, report)
  }

  /// Calls `body` with each preference that is kept, in order.
  ///
  /// - Throws: `ReadingError` with file and line, and what the closures throw.
  /// - Returns: what was met.
  public func forEachPreference(
    _ paths: [String], _ body: (EncodedPreference) throws -> Void
  ) throws -> PreferenceReport {
    var report = PreferenceReport()
    let (encoder, kind) = (encoder, kind)
    let lines = ParallelLines(paths: paths, skipLimit: encoder.settings.skipLimit, pool: pool)
    report.reading = try lines.forEach { line throws(BadLine) in
      try encoder.preference(line: line, kind)
    } _: { preference in
      report.preferences += 1
      if let kept = fitted(preference, &report) { try body(kept) }
    }
    return report
  }

  /// The preference, cut where it is too long; nil when it is left out. Everything is counted.
  private func fitted(_ preference: EncodedPreference, _ report: inout PreferenceReport) -> EncodedPreference?
  {
    var preference = preference
    let longest = preference.answers.reduce(0) { max($0, $1.tokens.count) }
    report.longest = max(report.longest, longest)
    if let length = encoder.settings.length, longest > length {
      guard encoder.settings.tooLong == .truncate else {
        report.skippedLong += 1
        return nil
      }
      for index in preference.answers.indices where preference.answers[index].tokens.count > length {
        preference.answers[index].cut(to: length)
      }
      let answers = preference.answers
      guard answers.allSatisfy({ $0.kinds.contains { $0 != .prompt } }),
        answers.count == 1 || answers[0].tokens != answers[1].tokens
      else {
        report.skippedLong += 1
        report.nothingLeft += 1
        return nil
      }
      report.truncated += 1
    }
    report.kept += 1
    if kind == .singles, preference.isDesirable { report.desirable += 1 }
    for answer in preference.answers {
      let counted = answer.kinds.count { $0 != .prompt }
      report.answerTokens += counted
      report.promptTokens += answer.tokens.count - counted
      report.straddling += answer.straddling
      report.endless += answer.endless
    }
    return preference
  }
}
