// The first 64 bytes of a shard.
//
//   0     "APUSTOK\n"
//   8     u32 version, u32 bytes of a token (2 or 4)
//   16    u64 tokens, u64 documents
//   32    u32 vocabulary size, u32 zero
//   40    u64 fingerprint of the tokenizer
//   48    u32 checksum of everything behind the header, u32 zero
//   56    u32 zero, u32 checksum of bytes 0 ..< 60
//
// All little-endian. Then the tokens, zeros up to a multiple of 8, and for each document a u64: the number of tokens up
// to and with its last one. So the size of the file follows from the header.

import ApusBasics
import ApusRuntime

/// Where the parts of a shard are.
struct ShardHeader: Equatable {
  static let magic = Array("APUSTOK\n".utf8)
  static let version: UInt32 = 1
  /// A multiple of 32, so that tokens are aligned for any vector load.
  static let byteCount = 64

  var tokenWidth: Int
  var tokenCount: Int
  var documentCount: Int
  var vocabularySize: Int
  var fingerprint: UInt64
  var checksum: UInt32

  /// Bytes a token needs in a vocabulary of `size`.
  static func tokenWidth(vocabularySize size: Int) -> Int { size <= 1 << 16 ? 2 : 4 }

  /// Where the documents' ends begin, nil when the numbers are no sizes.
  var endsOffset: Int? {
    checkedProduct(tokenCount, tokenWidth)
      .flatMap { checkedSum($0, Self.byteCount) }
      .flatMap { checkedRoundUp($0, to: 8) }
  }

  /// The size of the file, nil when the numbers are no sizes.
  var fileBytes: Int? {
    guard let start = endsOffset, let ends = checkedProduct(documentCount, 8) else { return nil }
    return checkedSum(start, ends)
  }

  /// The header as it is written.
  func encoded() -> [UInt8] {
    var bytes = Self.magic
    func put<Value: FixedWidthInteger>(_ value: Value) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    put(Self.version)
    put(UInt32(tokenWidth))
    put(UInt64(tokenCount))
    put(UInt64(documentCount))
    put(UInt32(vocabularySize))
    put(UInt32(0))
    put(fingerprint)
    put(checksum)
    put(UInt64(0))
    put(CRC32C.of(bytes))
    return bytes
  }

  init(
    tokenWidth: Int, tokenCount: Int, documentCount: Int, vocabularySize: Int, fingerprint: UInt64,
    checksum: UInt32
  ) {
    self.tokenWidth = tokenWidth
    self.tokenCount = tokenCount
    self.documentCount = documentCount
    self.vocabularySize = vocabularySize
    self.fingerprint = fingerprint
    self.checksum = checksum
  }

  /// Reads and checks the header of a file.
  init(_ file: UnsafeRawBufferPointer, path: String) throws(ShardError) {
    guard file.starts(with: Self.magic) else {
      throw .notAShard(path: path, reason: file.isEmpty ? "it is empty" : "it begins with other bytes")
    }
    guard file.count >= Self.byteCount else {
      throw .size(path: path, expected: Self.byteCount, found: file.count)
    }
    func get<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
      Value(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
    let version = get(8, UInt32.self)
    guard version == Self.version else {
      throw .notAShard(path: path, reason: "it has version \(version), and version \(Self.version) is read")
    }
    var sum = CRC32C()
    sum.update(UnsafeRawBufferPointer(rebasing: file[..<60]))
    guard sum.value == get(60, UInt32.self) else {
      throw .damaged(path: path, what: "the header's checksum is wrong")
    }
    // From here on the numbers are those that were written; a program may have written nonsense all the same.
    guard let tokens = Int(exactly: get(16, UInt64.self)), let documents = Int(exactly: get(24, UInt64.self))
    else { throw .damaged(path: path, what: "the numbers of tokens and documents are no sizes") }
    self.init(
      tokenWidth: Int(get(12, UInt32.self)), tokenCount: tokens, documentCount: documents,
      vocabularySize: Int(get(32, UInt32.self)), fingerprint: get(40, UInt64.self),
      checksum: get(48, UInt32.self))
    guard tokenWidth == 2 || tokenWidth == 4 else {
      throw .damaged(path: path, what: "a token has \(tokenWidth) bytes, and 2 and 4 are read")
    }
    guard vocabularySize > 0, vocabularySize <= Int(Int32.max) else {
      throw .damaged(path: path, what: "the vocabulary has \(vocabularySize) tokens")
    }
    guard tokenCount > 0, documentCount > 0, documentCount <= tokenCount, let fileBytes else {
      throw .damaged(path: path, what: "it has \(tokenCount) tokens in \(documentCount) documents")
    }
    guard fileBytes == file.count else { throw .size(path: path, expected: fileBytes, found: file.count) }
  }
}
