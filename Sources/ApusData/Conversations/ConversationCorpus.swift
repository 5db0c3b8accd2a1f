// Files of conversations as a data set: read as a stream, rendered and tokenised by all threads, kept in the order of the
// files.

import ApusBasics
import ApusFiles
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

  /// Conversations handed to the threads at once, and bytes of them.
  private static let batchLines = 256
  private static let batchBytes = 4 << 20

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
    var options = ReadingOptions()
    options.format = .jsonl
    options.skipLimit = encoder.settings.skipLimit
    let reader = DocumentReader(paths, options)
    var report = ConversationReport()
    while true {
      let batch = try nextBatch(reader)
      if batch.isEmpty { break }
      let results = ResultTable<Result<[EncodedExample], BadLine>?>(repeating: nil, count: batch.count)
      forEachUnit(batch.count, on: pool) { results[$0] = encode(batch[$0]) }
      for (index, raw) in batch.enumerated() {
        switch results[index]! {
        case .failure(let bad): try reader.skip(raw.piece.place, bad)
        case .success(let examples):
          _ = reader.count(raw.piece, textBytes: raw.piece.bytes.count)
          report.conversations += 1
          for example in examples {
            if let kept = fitted(example, &report) { try body(kept) }
          }
        }
      }
      report.reading = reader.report
      try progress(report)
    }
    report.reading = reader.report
    return report
  }

  private func nextBatch(_ reader: DocumentReader) throws(ReadingError) -> [RawPiece] {
    var batch: [RawPiece] = []
    var bytes = 0
    while batch.count < Self.batchLines, bytes < Self.batchBytes, let raw = try reader.nextRaw() {
      bytes += raw.piece.bytes.count
      batch.append(raw)
    }
    return batch
  }

  private func encode(_ raw: RawPiece) -> Result<[EncodedExample], BadLine> {
    if case .bad(let problem) = raw.content { return .failure(BadLine(problem: problem)) }
    return Result { () throws(BadLine) in
      try encoder.examples(Conversation(line: raw.piece.bytes))
    }
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
