// Writes one shard. Tokens go to the file as they come; only the ends of the documents are kept until the end.

import ApusBasics
import ApusRuntime

/// A shard on its way to the disk; the file appears under its name, complete, when `finish` succeeds.
struct ShardWriter: ~Copyable {
  private var file: AtomicFile
  private var sum = CRC32C()
  private var pending: [UInt8] = []
  private var ends: [UInt8] = []
  private(set) var tokenCount = 0
  private(set) var documentCount = 0
  private let vocabularySize: Int
  private let fingerprint: UInt64
  private let tokenWidth: Int

  private static let pieceBytes = 1 << 20

  /// - Parameter path: the file; one that exists is replaced.
  init(path: String, vocabularySize: Int, fingerprint: UInt64) throws(FileError) {
    var file = try AtomicFile(path: path, replacing: true)
    try file.write([UInt8](repeating: 0, count: ShardHeader.byteCount))
    self.file = file
    self.vocabularySize = vocabularySize
    self.fingerprint = fingerprint
    tokenWidth = ShardHeader.tokenWidth(vocabularySize: vocabularySize)
    pending.reserveCapacity(Self.pieceBytes + 4096)
  }

  /// Appends tokens to the current document.
  mutating func append(_ tokens: some Sequence<Int32>) throws(FileError) {
    for token in tokens {
      precondition(token >= 0 && Int(token) < vocabularySize, "a tokenizer gave an id outside its vocabulary")
      pending.append(UInt8(truncatingIfNeeded: token))
      pending.append(UInt8(truncatingIfNeeded: token >> 8))
      if tokenWidth == 4 {
        pending.append(UInt8(truncatingIfNeeded: token >> 16))
        pending.append(UInt8(truncatingIfNeeded: token >> 24))
      }
      tokenCount += 1
      if pending.count >= Self.pieceBytes { try flush() }
    }
  }

  /// Ends the current document, which has at least one token.
  mutating func endDocument() {
    withUnsafeBytes(of: UInt64(tokenCount).littleEndian) { ends.append(contentsOf: $0) }
    documentCount += 1
  }

  /// Makes the file appear, with at least one document.
  ///
  /// - Returns: the checksum of its content.
  consuming func finish() throws(FileError) -> UInt32 {
    precondition(documentCount > 0)
    let used = (ShardHeader.byteCount + tokenCount * tokenWidth) % 8
    if used > 0 { pending.append(contentsOf: repeatElement(0, count: 8 - used)) }
    pending.append(contentsOf: ends)
    try flush()
    let header = ShardHeader(
      tokenWidth: tokenWidth, tokenCount: tokenCount, documentCount: documentCount,
      vocabularySize: vocabularySize, fingerprint: fingerprint, checksum: sum.value)
    try file.rewrite(header.encoded(), at: 0)
    let checksum = sum.value
    try file.commit()
    return checksum
  }

  private mutating func flush() throws(FileError) {
    pending.withUnsafeBytes { sum.update($0) }
    try file.write(pending)
    pending.removeAll(keepingCapacity: true)
  }
}
