// From text to tokens with all threads: the caller reads and writes in order, the threads take pieces apart and tokenise
// them. What comes out does not depend on how many there are, and no more than a few dozen megabytes are held at a time.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusText

/// Turns files of text into a data set.
///
///     let tokenizing = try CorpusTokenizer(tokenizer, options, runtime: runtime)
///     let report = try tokenizing.write(["corpus.jsonl.zst"], to: "data", name: "tokenizer.json")
///     let dataset = try TokenDataset(folder: "data")
public struct CorpusTokenizer: Sendable {
  private let tokenizer: any Tokenizer
  private let options: TokenizingOptions
  private let pool: WorkerPool
  private let before: [Int32]
  private let after: [Int32]

  /// Enough work for many threads, little enough to hold.
  private static let batchBytes = 8 << 20
  private static let batchPieces = 8192
  /// A long text in pieces of this size keeps all threads busy.
  private static let cutBytes = 1 << 20
  /// The beginning of a document that decides on which side it falls; no document is cut earlier.
  private static let hashedBytes = 64 << 10

  /// - Throws: `TokenizingError` for an impossible setting, or a tokenizer without an end of text.
  public init(
    _ tokenizer: any Tokenizer, _ options: TokenizingOptions = TokenizingOptions(), runtime: Runtime
  ) throws(TokenizingError) {
    try self.init(tokenizer, options, pool: runtime.workers)
  }

  init(_ tokenizer: any Tokenizer, _ options: TokenizingOptions, pool: WorkerPool) throws(TokenizingError) {
    guard options.validation >= 0, options.validation < 1 else {
      throw .setting(name: "validation", value: "\(options.validation)", expected: "0 to below 1")
    }
    guard options.shardTokens > 0 else {
      throw .setting(name: "shard-tokens", value: "\(options.shardTokens)", expected: "1 or more")
    }
    self.tokenizer = tokenizer
    self.pool = pool
    var options = options
    if tokenizer.splitsAtLines { options.reading.cutsAt = options.reading.cutsAt ?? Self.cutBytes }
    self.options = options
    before = options.begins ?? tokenizer.addsBOS ? tokenizer.template.before : []
    guard options.ends else {
      after = []
      return
    }
    let special = tokenizer.vocabulary.special
    guard let end = special.eos ?? special.eot ?? tokenizer.vocabulary.id(of: "<|endoftext|>") else {
      throw .noEnd
    }
    after = [end]
  }

  /// Writes the data set of the files at `paths` into `folder`, which is made if it is not there.
  ///
  /// The folder's `dataset.json` is written last: without it there is no data set.
  ///
  /// - Parameters:
  ///   - name: what `dataset.json` calls the tokenizer.
  ///   - replacing: whether a data set in the folder may be replaced.
  ///   - progress: called now and then; what it throws ends the work.
  /// - Throws: `ReadingError`, `TokenizingError`, `FileError`.
  public func write(
    _ paths: [String], to folder: String, name: String, replacing: Bool = false,
    progress: (TokenizingReport) throws -> Void = { _ in }
  ) throws -> TokenizingReport {
    let writer = try DatasetWriter(
      folder: folder, tokenizer: name, vocabularySize: tokenizer.vocabulary.count,
      fingerprint: tokenizer.fingerprint, shardTokens: options.shardTokens, replacing: replacing)
    var report = try run(paths, into: writer, progress)
    if options.validation > 0 {
      if report.train.documents + report.validation.documents == 1 {
        let part: DatasetPart = report.train.documents == 1 ? .train : .validation
        try writer.cutOnlyDocument(of: part, share: options.validation, &report)
      }
      for part in DatasetPart.allCases where report[part].documents == 0 {
        throw TokenizingError.emptyPart(
          part, documents: report.reading.documents, share: options.validation)
      }
    }
    try writer.finish()
    return report
  }

  /// The tokens of the files at `paths` as a data set in memory; nothing is kept for validation.
  ///
  /// - Throws: `ReadingError`.
  public func read(
    _ paths: [String], progress: (TokenizingReport) throws -> Void = { _ in }
  ) throws -> (dataset: TokenDataset, report: TokenizingReport) {
    let memory = MemorySink()
    var copy = self.options
    copy.validation = 0
    let report = try CorpusTokenizer(tokenizer, copy, pool: pool).run(paths, into: memory, progress)
    let dataset = try TokenDataset(
      tokens: memory.tokens, documentEnds: memory.ends, vocabularySize: tokenizer.vocabulary.count,
      fingerprint: tokenizer.fingerprint, name: paths.count == 1 ? paths[0] : "\(paths.count) files")
    return (dataset, report)
  }

  // MARK: The loop

  private func run(
    _ paths: [String], into sink: any TokenSink, _ progress: (TokenizingReport) throws -> Void
  ) throws -> TokenizingReport {
    let reader = DocumentReader(paths, options.reading)
    var report = TokenizingReport()
    var document = OpenDocument()
    while true {
      let batch = try nextBatch(reader)
      if batch.isEmpty { break }
      let results = ResultTable<EncodedPiece?>(repeating: nil, count: batch.count)
      forEachUnit(batch.count, on: pool) { results[$0] = encode(batch[$0]) }
      for (index, raw) in batch.enumerated() {
        try add(results[index]!, raw, to: sink, &document, reader, &report)
      }
      report.reading = reader.report
      try progress(report)
    }
    report.reading = reader.report
    guard report.tokens > 0 else { throw ReadingError.noDocuments(files: paths.count) }
    return report
  }

  private func nextBatch(_ reader: DocumentReader) throws(ReadingError) -> [RawPiece] {
    var batch: [RawPiece] = []
    var bytes = 0
    while batch.count < Self.batchPieces, bytes < Self.batchBytes, let raw = try reader.nextRaw() {
      bytes += raw.piece.bytes.count
      batch.append(raw)
    }
    return batch
  }

  /// What a thread makes of a piece.
  private struct EncodedPiece {
    var text: Int
    var tokens: Result<[Int32], BadLine>
    var part = DatasetPart.train
    var isInvalid = false
  }

  private func encode(_ raw: RawPiece) -> EncodedPiece {
    let text: [UInt8]
    switch raw.text() {
    case .success(let bytes): text = bytes
    case .failure(let bad): return EncodedPiece(text: 0, tokens: .failure(bad))
    }
    var piece = EncodedPiece(text: text.count, tokens: .success([]))
    guard !text.isEmpty else { return piece }
    piece.isInvalid = raw.content == .text && !isUTF8(text)
    if raw.piece.beginsDocument, options.validation > 0 { piece.part = part(text) }
    do throws(TokenizerError) {
      piece.tokens = .success(
        try tokenizer.encode(text, addSpecial: false, parseSpecial: options.parsesSpecial))
    } catch {
      piece.tokens = .failure(BadLine(problem: error.description))
    }
    return piece
  }

  private func part(_ text: [UInt8]) -> DatasetPart {
    var hash = StableHash()
    text.withUnsafeBytes { hash.add(UnsafeRawBufferPointer(rebasing: $0.prefix(Self.hashedBytes))) }
    // The hash's own bits are not mixed well enough to be compared with a share.
    let words = Philox(key: hash.value).block(0)
    return Double(words[0]) / 0x1p32 < options.validation ? .validation : .train
  }

  /// The document that pieces are being added to.
  private struct OpenDocument {
    var part = DatasetPart.train
    var tokens = 0
  }

  private func add(
    _ encoded: EncodedPiece, _ raw: RawPiece, to sink: any TokenSink, _ document: inout OpenDocument,
    _ reader: DocumentReader, _ report: inout TokenizingReport
  ) throws {
    func put(_ tokens: [Int32]) throws {
      try sink.append(tokens, to: document.part)
      document.tokens += tokens.count
      report[document.part].tokens += tokens.count
    }
    if raw.piece.beginsDocument { document = OpenDocument(part: encoded.part) }
    switch encoded.tokens {
    case .failure(let bad): try reader.skip(raw.piece.place, bad)
    case .success(let tokens):
      guard reader.count(raw.piece, textBytes: encoded.text) else { break }
      if encoded.isInvalid { report.invalidPieces += 1 }
      if document.tokens == 0 { try put(before) }
      try put(tokens)
    }
    if raw.piece.endsDocument, document.tokens > 0 {
      try put(after)
      try sink.endDocument(of: document.part)
      report[document.part].documents += 1
    }
  }
}

/// Where tokens go, in order.
protocol TokenSink: AnyObject {
  func append(_ tokens: [Int32], to part: DatasetPart) throws
  /// Ends a document that has tokens.
  func endDocument(of part: DatasetPart) throws
}

/// Tokens in memory.
private final class MemorySink: TokenSink {
  var tokens: [Int32] = []
  var ends: [Int] = []

  func append(_ tokens: [Int32], to part: DatasetPart) { self.tokens += tokens }
  func endDocument(of part: DatasetPart) { ends.append(tokens.count) }
}

private func isUTF8(_ text: [UInt8]) -> Bool {
  text.allSatisfy { $0 < 0x80 } || String(validating: text, as: UTF8.self) != nil
}

extension Tokenizer {
  /// Whether the tokens of a text are those of its lines: the text is cut into words first, and nothing is put before it.
  fileprivate var splitsAtLines: Bool {
    guard !addsSpacePrefix else { return false }
    // Where a tokenizer has no name for how it splits words, and with this one, tokens may span lines.
    return model == "bert" || model == "gpt2" && !["", "superbpe"].contains(preTokenizer ?? "")
  }
}
