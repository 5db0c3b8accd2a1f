// Trains byte-level byte-pair tokenizers: the door to this folder. Words are counted by WordCounter, pieces learned by
// PairMerger, files written by TrainedTokenizer.

import ApusRuntime
import ApusText

/// Learns a vocabulary from texts.
///
///     var trainer = try BPETrainer(BPETrainingOptions(vocabularySize: 16_384), pool: runtime.workers)
///     try trainer.add(file: "corpus.txt")
///     let trained = try trainer.train()
///     try trained.write(to: "tokenizer", replacing: false)
///
/// The result is that of the BpeTrainer of Hugging Face's tokenizers with a ByteLevel pre-tokenizer and its alphabet,
/// fed with the same documents: the same pieces, merges and ids. It does not depend on the number of workers, on how
/// documents are divided into chunks, or on their order. Bytes that are no UTF-8 are learned as they are.
///
/// Memory grows with the different words, not with the text.
public struct BPETrainer: ~Copyable {
  private let options: BPETrainingOptions
  private var words: WordCounter

  /// A trainer without text.
  ///
  /// - Throws: `BPETrainingError` for options that cannot be met.
  public init(_ options: BPETrainingOptions, pool: WorkerPool) throws(BPETrainingError) {
    try options.validate()
    let words = try WordCounter(pattern: options.pattern, pool: pool)
    self.options = options
    self.words = words
  }

  /// Counts the words of a file of plain text, which is one document.
  ///
  /// - Parameters:
  ///   - path: a regular file. It is mapped and may be larger than memory.
  ///   - progress: called now and then with the bytes done of this file.
  /// - Throws: `FileError`, also when the file changes meanwhile; `BPETrainingError`.
  public mutating func add(file path: String, progress: (Int) -> Void = { _ in }) throws {
    try words.endDocument()
    let file = try MappedFile(path: path)
    file.advise(.sequential, 0..<file.byteCount)
    var done = 0
    try words.count(document: file.bytes.assumingMemoryBound(to: UInt8.self)) { position in
      // Pages that were read need not stay.
      file.advise(.done, done..<position)
      done = position
      progress(position)
    }
    try file.verifyUnchanged()
  }

  /// Counts the words of what a reader has left.
  ///
  /// - Parameter progress: called for every piece of text, with what was read so far.
  /// - Throws: `ReadingError`, `BPETrainingError`, and what `progress` throws.
  public mutating func add(
    _ reader: DocumentReader, progress: (ReadingReport) throws -> Void = { _ in }
  ) throws {
    try words.endDocument()
    while let piece = try reader.next() {
      try append(piece.bytes)
      if piece.endsDocument { try words.endDocument() }
      try progress(reader.report)
    }
  }

  /// Takes the next bytes of the current document. They are copied; chunks may end anywhere, in a character also.
  public mutating func append(_ chunk: UnsafeRawBufferPointer) throws(BPETrainingError) {
    try words.append(chunk.assumingMemoryBound(to: UInt8.self))
  }

  private mutating func append(_ chunk: [UInt8]) throws(BPETrainingError) {
    let result = chunk.withUnsafeBufferPointer { bytes in
      Result { () throws(BPETrainingError) in try words.append(bytes) }
    }
    try result.get()
  }

  /// Ends the current document. No word goes from one document into the next.
  public mutating func endDocument() throws(BPETrainingError) {
    try words.endDocument()
  }

  /// Counts the words of documents until `next` has no more.
  ///
  /// - Throws: what `next` throws; `BPETrainingError`.
  public mutating func add(documents next: () throws -> [UInt8]?) throws {
    while let document = try next() {
      try append(document)
      try words.endDocument()
    }
  }

  /// Learns the vocabulary from the words counted so far, and forgets them: what is added next is for another one.
  ///
  /// - Parameter progress: called with the number of tokens so far, at every merge.
  /// - Throws: `BPETrainingError`.
  /// - Complexity: O(text), and what the different words need: about a second for a million of them.
  public mutating func train(progress: (Int) -> Void = { _ in }) throws(BPETrainingError) -> TrainedTokenizer
  {
    let byteCount = words.byteCount
    guard byteCount > 0 else { throw .noText }
    let start = FirstPieces(specialTokens: options.specialTokens)
    let symbols = try WordSymbols(words.finish(), ids: start.idOfByte)
    let (wordCount, distinctWords) = (symbols.wordCount, symbols.distinctWords)
    let merger = try PairMerger(symbols, start, options)
    return TrainedTokenizer(
      options: options, learned: try merger.run(progress), byteCount: byteCount, wordCount: wordCount,
      distinctWords: distinctWords)
  }
}
