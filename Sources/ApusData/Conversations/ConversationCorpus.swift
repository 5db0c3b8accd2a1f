// Files of conversations as a data set: read as a stream, rendered and tokenised by all threads, kept in the order of the
// files.

import ApusBasics
import ApusRuntime
import ApusText

/// Reads conversations, one to a line of JSON, compressed or not.
///
///     let corpus = ConversationCorpus(encoder, pool: runtime.workers)
///     let (dataset, report) = try corpus.read(["chat.jsonl.zst"])
///
/// Text that waits to be tokenised takes the same memory for files of any size; tokens in a data set take five bytes each.
public struct ConversationCorpus: Sendable {
  private let encoder: ConversationEncoder
  private let pool: WorkerPool?

  /// A reader that tokenises on the threads of `pool`.
  public init(_ encoder: ConversationEncoder, pool: WorkerPool? = nil) {
    self.encoder = encoder
    self.pool = pool
  }

  /// The examples of the files at `paths` as a data set in memory, each a document.
  ///
  /// - Throws: `ReadingError` with file and line, `ConversationError.nothing`.
  public func read(
    _ paths: [String], progress: (ConversationReport) throws -> Void = { _ in }
  ) throws -> (dataset: TokenDataset, report: ConversationReport) {
    var (tokens, ends, kinds) = ([Int32](), [Int](), [ConversationPart]())
    let report = try forEachExample(paths, progress) { example in
      tokens += example.tokens
      kinds += example.kinds
      ends.append(tokens.count)
    }
    guard report.examples > 0 else {
      throw ConversationError.nothing(files: paths.count, report, length: encoder.settings.length)
    }
    let tokenizer = encoder.formatter.tokenizer
    let dataset = try TokenDataset(
      tokens: tokens, documentEnds: ends, vocabularySize: tokenizer.vocabulary.count,
      fingerprint: tokenizer.fingerprint, name: paths.count == 1 ? paths[0] : "\(paths.count) files",
      kinds: kinds)
    return (dataset, report)
  }

  /// Calls `body` with each example that is kept, in order.
  ///
  /// - Throws: `ReadingError` with file and line, and what the closures throw.
  /// - Returns: what was met.
  public func forEachExample(
    _ paths: [String], _ progress: (ConversationReport) throws -> Void = { _ in },
    _ body: (EncodedExample) throws -> Void
  ) throws -> ConversationReport {
    var report = ConversationReport()
    let encoder = encoder
    let lines = ParallelLines(paths: paths, skipLimit: encoder.settings.skipLimit, pool: pool)
    report.reading = try lines.forEach { line throws(BadLine) in
      try encoder.examples(Conversation(line: line))
    } progress: { reading in
      report.reading = reading
      try progress(report)
    } _: { examples in
      report.conversations += 1
      for example in examples {
        if let kept = fitted(example, &report) { try body(kept) }
      }
    }
    return report
  }

  /// The example, cut where it is too long; nil when it is left out. Everything is counted.
  private func fitted(_ example: EncodedExample, _ report: inout ConversationReport) -> EncodedExample? {
    var example = example
    report.longest = max(report.longest, example.tokens.count)
    if let length = encoder.settings.length, example.tokens.count > length {
      guard encoder.settings.tooLong == .truncate else {
        report.skippedLong += 1
        return nil
      }
      example.cut(to: length)
      guard example.kinds.contains(where: { $0 != .prompt }) else {
        report.skippedLong += 1
        report.nothingLeft += 1
        return nil
      }
      report.truncated += 1
    }
    report.examples += 1
    for kind in example.kinds { report.tokens[kind, default: 0] += 1 }
    report.straddling += example.straddling
    report.endless += example.endless
    return example
  }
}

extension EncodedExample {
  /// Keeps the first tokens.
  mutating func cut(to length: Int) {
    tokens.removeSubrange(length...)
    kinds.removeSubrange(length...)
    ends.removeSubrange(length...)
    text.removeSubrange((ends.last ?? 0)...)
  }
}
