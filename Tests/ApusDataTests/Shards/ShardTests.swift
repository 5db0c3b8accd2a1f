// Shards: what was written is read again, over any number of files, and what is damaged is refused (F74).

import ApusBasics
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusData

@Suite struct ShardTests {
  @Test(arguments: [300, 65_536, 65_537])
  func roundTrip(vocabularySize: Int) throws {
    let scratch = ScratchDirectory()
    let documents = randomDocuments(count: 500, vocabularySize: vocabularySize, seed: 3)
    let cuts = [0, 1, 200, 350, 500]
    let paths = (1..<cuts.count).map { scratch.file("\($0).tokens") }
    for (path, range) in zip(paths, zip(cuts, cuts.dropFirst())) {
      try writeShard(path, Array(documents[range.0..<range.1]), vocabularySize: vocabularySize)
    }
    let pool = try WorkerPool(count: 2, processors: 1)
    let dataset = try TokenDataset(shards: paths, pool: pool)
    #expect(dataset.documentCount == 500 && dataset.fingerprint == 7)
    #expect(dataset.tokens(0..<dataset.tokenCount) == documents.flatMap { $0 })
    for index in [0, 1, 2, 199, 200, 349, 350, 499] { #expect(dataset.document(index) == documents[index]) }
    #expect(dataset.shards[0].tokenWidth == (vocabularySize > 65_536 ? 4 : 2))
    let reopened = try TokenDataset(shards: paths, verifying: false)
    #expect(reopened.identity == dataset.identity)
    let other = try TokenDataset(shards: paths.reversed())
    #expect(other.identity != dataset.identity)
  }

  @Test func memoryAndShardsGiveTheSame() throws {
    let scratch = ScratchDirectory()
    let documents = randomDocuments(count: 50, vocabularySize: 1000, seed: 4)
    try writeShard(scratch.file("a.tokens"), documents)
    var ends: [Int] = []
    for document in documents { ends.append((ends.last ?? 0) + document.count) }
    let memory = try TokenDataset(
      tokens: documents.flatMap { $0 }, documentEnds: ends, vocabularySize: 1000)
    let mapped = try TokenDataset(shards: [scratch.file("a.tokens")])
    #expect(memory.tokens(0..<memory.tokenCount) == mapped.tokens(0..<mapped.tokenCount))
    #expect(memory.document(49) == mapped.document(49))
  }

  // MARK: F74

  enum Damage: String, CaseIterable {
    case empty, text, halfHeader, version, width, tokenCount, documentCount, vocabularyZero, headerByte
    case truncated, odd, appended, tokenByte, endByte, tokenOutOfVocabulary
  }

  @Test(arguments: Damage.allCases)
  func f74DamagedShardsAreRefused(_ damage: Damage) throws {
    let scratch = ScratchDirectory()
    let path = scratch.file("a.tokens")
    try writeShard(path, [[1, 2, 3], [4, 5, 999], [6]])
    var bytes = try #require(readFile(path))
    #expect(throws: Never.self) { try TokenDataset(shards: [path]) }
    let expected: String
    /// Changes a header field and puts its checksum right: what a careless program writes.
    func forge(_ change: (inout [UInt8]) -> Void) {
      change(&bytes)
      withUnsafeBytes(of: CRC32C.of(Array(bytes[..<60])).littleEndian) {
        bytes.replaceSubrange(60..<64, with: $0)
      }
    }
    switch damage {
    case .empty: (bytes, expected) = ([], "it is empty")
    case .text: (bytes, expected) = (Array("Once upon a time".utf8), "is no token shard")
    case .halfHeader: (bytes, expected) = (Array(bytes[..<40]), "has 40 bytes and should have 64")
    case .version:
      forge { $0[8] = 2 }
      expected = "it has version 2"
    case .width:
      forge { $0[12] = 3 }
      expected = "a token has 3 bytes"
    case .tokenCount:
      forge { $0[16] = 12 }
      expected = "has 104 bytes and should have 112"
    case .documentCount:
      forge { $0[31] = 0x80 }
      expected = "are no sizes"
    case .vocabularyZero:
      forge { $0.replaceSubrange(32..<36, with: [0, 0, 0, 0]) }
      expected = "the vocabulary has 0 tokens"
    case .headerByte:
      bytes[41] ^= 1
      expected = "the header's checksum is wrong"
    case .truncated:
      bytes.removeLast(9)
      expected = "has 95 bytes and should have 104; it is truncated"
    case .odd:
      bytes.removeLast()
      expected = "has 103 bytes and should have 104"
    case .appended:
      bytes.append(0)
      expected = "has 105 bytes and should have 104"
    case .tokenByte:
      bytes[64] ^= 1
      expected = "the checksum of its tokens is wrong"
    case .endByte:
      bytes[80] = 7
      expected = "document 1 ends at token 6 after 7"
    case .tokenOutOfVocabulary:
      forge { $0.replaceSubrange(32..<36, with: [0xE7, 3, 0, 0]) }
      expected = "token 5 has id 999, and the vocabulary ends at 998"
    }
    scratch.write("a.tokens", bytes)
    let error = #expect(throws: ShardError.self) { try TokenDataset(shards: [path]) }
    let text = error?.description ?? ""
    #expect(text.hasPrefix(path + ":") && text.contains(expected), "\(text)")
  }

  @Test func f74OtherTokenizersAndMissingFilesAreRefused() throws {
    let scratch = ScratchDirectory()
    let (a, b, c) = (scratch.file("a"), scratch.file("b"), scratch.file("c"))
    try writeShard(a, [[1]])
    try writeShard(b, [[1]], vocabularySize: 1001)
    try writeShard(c, [[1]], fingerprint: 8)
    for other in [b, c] {
      #expect(
        throws: ShardError.otherTokenizer(
          path: other, what: "it was made with another tokenizer than \(a)")
      ) { try TokenDataset(shards: [a, other]) }
    }
    #expect(throws: ShardError.self) { try TokenDataset(shards: []) }
    let missing = #expect(throws: ShardError.self) { try TokenDataset(shards: [scratch.file("none")]) }
    #expect(missing?.description.contains("No such file") == true)
    let folder = #expect(throws: ShardError.self) { try TokenDataset(folder: scratch.path) }
    #expect(folder?.description.contains("was not finished here") == true)
  }

  @Test func f74EmptyDocumentsAreRefused() throws {
    let scratch = ScratchDirectory()
    for documents in [[[1, 2], [], [2]], [[], [1, 2]], [[1, 2], []]] as [[[Int32]]] {
      let path = scratch.file("a.tokens")
      try writeShard(path, documents)
      let error = #expect(throws: ShardError.self, "\(documents)") { try TokenDataset(shards: [path]) }
      #expect(error?.description.contains("ends at token") == true)
    }
  }

  @Test func f74IdsInMemoryAreChecked() {
    for (tokens, ends) in [
      ([1, 2, 10], [3]), ([1, -1], [2]), ([], []), ([1, 2], [1]), ([1, 2], [0, 2]), ([1, 2], [2, 2]),
    ] as [([Int32], [Int])] {
      #expect(throws: ShardError.self, "\(tokens) \(ends)") {
        try TokenDataset(tokens: tokens, documentEnds: ends, vocabularySize: 10)
      }
    }
  }

  /// Every byte of a shard changed in turn is noticed, whatever it belongs to.
  @Test func everyByteCounts() throws {
    let scratch = ScratchDirectory()
    let path = scratch.file("a.tokens")
    try writeShard(path, [[1, 2, 3], [4, 5]])
    let bytes = try #require(readFile(path))
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x10
      scratch.write("a.tokens", changed)
      #expect(throws: ShardError.self, "byte \(index)") { try TokenDataset(shards: [path]) }
    }
  }
}
