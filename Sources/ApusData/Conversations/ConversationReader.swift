// Conversations as they stand in files, one after another, for whoever wants messages and not tokens.

import ApusBasics

/// Reads conversations, one to a line of JSON, compressed or not; `-` is standard input.
package struct ConversationReader {
  private let reader: DocumentReader

  /// - Parameter skipLimit: bad lines that are passed over and counted.
  package init(_ paths: [String], skipLimit: Int = 0) {
    var options = ReadingOptions()
    options.format = .jsonl
    options.skipLimit = skipLimit
    reader = DocumentReader(paths, options)
  }

  /// What was met so far.
  package var report: ReadingReport { reader.report }

  /// The next conversation and where it stands; nil at the end.
  ///
  /// - Throws: `ReadingError` with file and line when no more bad lines may be skipped.
  package func next() throws(ReadingError) -> (conversation: Conversation, place: InputPlace)? {
    while let raw = try reader.nextRaw() {
      do throws(BadLine) {
        if case .bad(let problem) = raw.content { throw BadLine(problem: problem) }
        let conversation = try Conversation(line: raw.piece.bytes)
        _ = reader.count(raw.piece, textBytes: raw.piece.bytes.count)
        return (conversation, raw.piece.place)
      } catch {
        try reader.skip(raw.piece.place, error)
      }
    }
    return nil
  }
}
