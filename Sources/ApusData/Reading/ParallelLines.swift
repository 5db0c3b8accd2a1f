// Lines of files taken apart by all threads, and handed on in the order of the files.

import ApusFiles
import ApusRuntime

/// Reads JSON lines in batches: every line of a batch is made into something, then each is given away in order.
///
/// What waits takes the same memory for files of any size.
struct ParallelLines {
  let paths: [String]
  /// Bad lines that are passed over.
  let skipLimit: Int
  let pool: WorkerPool?

  /// Lines handed to the threads at once, and bytes of them.
  private static let batchLines = 256
  private static let batchBytes = 4 << 20

  /// Makes something of each line on the threads, and calls `body` with it on this one.
  ///
  /// - Parameters:
  ///   - make: what a line becomes; an error counts as a bad line.
  ///   - progress: called with what was met so far.
  /// - Throws: `ReadingError` with file and line when no more bad lines may be skipped, and what the closures throw.
  /// - Returns: what was met.
  func forEach<Value: Sendable>(
    _ make: @Sendable (_ line: [UInt8]) throws(BadLine) -> Value,
    progress: (ReadingReport) throws -> Void = { _ in }, _ body: (Value) throws -> Void
  ) throws -> ReadingReport {
    var options = ReadingOptions()
    options.format = .jsonl
    options.skipLimit = skipLimit
    let reader = DocumentReader(paths, options)
    while true {
      let batch = try nextBatch(reader)
      if batch.isEmpty { return reader.report }
      let results = ResultTable<Result<Value, BadLine>?>(repeating: nil, count: batch.count)
      forEachUnit(batch.count, on: pool) { results[$0] = Self.result(of: batch[$0], make) }
      for (index, raw) in batch.enumerated() {
        switch results[index]! {
        case .failure(let bad): try reader.skip(raw.piece.place, bad)
        case .success(let value):
          _ = reader.count(raw.piece, textBytes: raw.piece.bytes.count)
          try body(value)
        }
      }
      try progress(reader.report)
    }
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

  private static func result<Value>(
    of raw: RawPiece, _ make: (_ line: [UInt8]) throws(BadLine) -> Value
  ) -> Result<Value, BadLine> {
    if case .bad(let problem) = raw.content { return .failure(BadLine(problem: problem)) }
    return Result { () throws(BadLine) in try make(raw.piece.bytes) }
  }
}
