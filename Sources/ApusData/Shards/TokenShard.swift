// One file of tokens, mapped. Opening it reads its header; `verify` reads all of it.

import ApusBasics
import ApusRuntime

/// A shard: token ids of whole documents in a mapped file.
///
/// Immutable, and shared by any number of readers.
public final class TokenShard: Sendable {
  /// The file's path.
  public let path: String
  /// Tokens in it.
  public var tokenCount: Int { header.tokenCount }
  /// Documents in it.
  public var documentCount: Int { header.documentCount }
  /// The size of the vocabulary its ids are from.
  public var vocabularySize: Int { header.vocabularySize }
  /// The fingerprint of the tokenizer that made it: `Tokenizer.fingerprint`.
  public var fingerprint: UInt64 { header.fingerprint }
  /// Bytes of a token: 2, or 4 for vocabularies of more than 65,536.
  public var tokenWidth: Int { header.tokenWidth }
  /// The CRC-32C of tokens and documents.
  public var checksum: UInt32 { header.checksum }
  /// Bytes of the file.
  public var byteCount: Int { file.byteCount }

  let section: TokenSection
  private let file: MappedFile
  private let header: ShardHeader

  /// Whether the file at `path` begins as shards do; false also when it cannot be read.
  public static func isShard(_ path: String) -> Bool {
    guard FileKind(path) == .file, let file = try? MappedFile(path: path) else { return false }
    return withExtendedLifetime(file) { file.bytes.starts(with: ShardHeader.magic) }
  }

  /// Opens the shard at `path`.
  ///
  /// - Throws: `ShardError`: another kind of file or version, a damaged header, a file that is shorter or longer than
  ///   its header says.
  /// - Complexity: O(1).
  public init(path: String) throws(ShardError) {
    do {
      file = try MappedFile(path: path)
    } catch {
      throw .file(error)
    }
    self.path = path
    header = try ShardHeader(file.bytes, path: path)
    let base = file.bytes.baseAddress!
    section = TokenSection(
      tokens: base + ShardHeader.byteCount, tokenWidth: header.tokenWidth, tokenCount: header.tokenCount,
      ends: (base + header.endsOffset!).assumingMemoryBound(to: UInt64.self),
      documentCount: header.documentCount, owner: file)
  }

  /// Reads the whole shard and checks it: the checksum, that every id is in the vocabulary, that documents follow one
  /// another and are not empty.
  ///
  /// - Throws: `ShardError`.
  /// - Complexity: O(bytes), about 1.5 GB/s.
  public func verify() throws(ShardError) {
    if let bad = section.firstToken(notBelow: vocabularySize) {
      throw .tokenOutOfRange(
        path: path, token: bad.token, index: bad.index, vocabularySize: vocabularySize)
    }
    var last: UInt64 = 0
    for index in 0..<documentCount {
      let end = UInt64(littleEndian: section.ends[index])
      guard end > last, end <= UInt64(tokenCount) else {
        throw .damaged(path: path, what: "document \(index) ends at token \(end) after \(last)")
      }
      last = end
    }
    guard last == UInt64(tokenCount) else {
      throw .damaged(path: path, what: "its documents end at token \(last) of \(tokenCount)")
    }
    var sum = CRC32C()
    sum.update(UnsafeRawBufferPointer(rebasing: file.bytes[ShardHeader.byteCount...]))
    guard sum.value == header.checksum else {
      throw .damaged(path: path, what: "the checksum of its tokens is wrong")
    }
  }
}
