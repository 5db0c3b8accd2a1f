// The index file: what is written is read, and everything that is not such a file is refused by name.

import ApusBasics
import ApusRuntime
import ApusSearch
import ApusTestSupport
import Testing

@Suite struct VectorIndexTests {
  let scratch = ScratchDirectory()

  private var path: String { scratch.path + "/test.index" }

  private func build(
    _ count: Int, dimension: Int, similarity: Similarity = .cosine, storesBytes: Bool = false
  ) throws -> [[Float]] {
    let vectors = randomVectors(count, dimension, seed: 7)
    var builder = try VectorIndexBuilder(
      model: "test-model", dimension: dimension, similarity: similarity, storesBytes: storesBytes)
    for (row, vector) in vectors.enumerated() {
      try builder.add(
        vector,
        IndexEntry(source: "file \(row % 3)", range: row..<row + 9, text: "passage \(row) ✓", sourceStamp: 5))
    }
    #expect(builder.count == count)
    try builder.write(to: path)
    return vectors
  }

  @Test("what is written is read", arguments: [0, 1, 15, 16, 17, 4097], [1, 7, 32, 384])
  func roundTrip(_ count: Int, _ dimension: Int) throws {
    let vectors = try build(count, dimension: dimension, similarity: .dot, storesBytes: dimension % 32 == 0)
    let index = try VectorIndex.open(path, model: "test-model")
    #expect(index.count == count && index.dimension == dimension && index.similarity == .dot)
    #expect(index.hasBytes == (dimension % 32 == 0))
    for row in stride(from: 0, to: count, by: max(1, count / 40)) {
      #expect(index.vector(row) == vectors[row])
      let entry = try index.entry(row)
      #expect(
        entry
          == IndexEntry(
            source: "file \(row % 3)", range: row..<row + 9, text: "passage \(row) ✓", sourceStamp: 5))
    }
    try index.verify()
  }

  @Test("vectors compared by cosine are stored with length 1, and stay as they are when taken over")
  func cosine() throws {
    let vectors = try build(20, dimension: 48)
    let index = try VectorIndex.open(path)
    var again = try VectorIndexBuilder(model: "test-model", dimension: 48)
    for row in 0..<20 {
      let stored = index.vector(row)
      let length = vectors[row].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(zip(stored, vectors[row]).allSatisfy { abs(Double($0) - Double($1) / length) < 1e-7 })
      try again.add(stored, index.entry(row))
    }
    try again.write(to: path + "2")
    let second = try VectorIndex.open(path + "2")
    for row in 0..<20 { #expect(second.vector(row) == index.vector(row)) }
  }

  @Test("vectors without a direction or of another length are refused by number")
  func badVectors() throws {
    var builder = try VectorIndexBuilder(model: "m", dimension: 4)
    try builder.add([1, 0, 0, 0], IndexEntry(source: "", text: ""))
    #expect(throws: VectorIndexError.badVector(row: 1)) {
      try builder.add([0, 0, 0, 0], IndexEntry(source: "", text: ""))
    }
    #expect(throws: VectorIndexError.badVector(row: 1)) {
      try builder.add([1, .nan, 0, 0], IndexEntry(source: "", text: ""))
    }
    #expect(throws: VectorIndexError.dimension(found: 3, expected: 4)) {
      try builder.add([1, 0, 0], IndexEntry(source: "", text: ""))
    }
    #expect(builder.count == 1)
    #expect(throws: VectorIndexError.bytesDimension(33)) {
      try VectorIndexBuilder(model: "m", dimension: 33, storesBytes: true)
    }
  }

  @Test("another model's index is refused")
  func otherModel() throws {
    _ = try build(3, dimension: 8)
    #expect(throws: VectorIndexError.otherModel(path: path, found: "test-model", expected: "other")) {
      try VectorIndex.open(path, model: "other")
    }
  }

  @Test("a file cut anywhere is refused, and so is one with more behind it")
  func truncated() throws {
    _ = try build(40, dimension: 32, storesBytes: true)
    let bytes = try #require(readFile(path))
    let cut = path + ".cut"
    for count in Array(stride(from: 0, to: bytes.count, by: 509)) + [bytes.count - 1, bytes.count + 1] {
      try writeFile(cut, Array((bytes + [0]).prefix(count)))
      #expect(throws: VectorIndexError.self, "\(count) of \(bytes.count) bytes") { try VectorIndex.open(cut) }
    }
  }

  @Test("every byte of the header counts, and every section has a checksum")
  func flipped() throws {
    _ = try build(40, dimension: 32, storesBytes: true)
    let bytes = try #require(readFile(path))
    let broken = path + ".broken"
    for offset in 0..<104 + "test-model".utf8.count {
      var copy = bytes
      copy[offset] ^= 0x10
      try writeFile(broken, copy)
      #expect(throws: VectorIndexError.self, "byte \(offset)") { try VectorIndex.open(broken) }
    }
    for offset in [4096, 4100, 4096 + 8 * 41 + 3, 8192 + 77, bytes.count - 4096 + 9] {
      var copy = bytes
      copy[offset] ^= 0x10
      try writeFile(broken, copy)
      let index = try VectorIndex.open(broken)
      #expect(throws: VectorIndexError.self, "byte \(offset)") { try index.verify() }
      // Whatever an entry holds, reading it is an answer and never a trap.
      for row in 0..<index.count { _ = try? index.entry(row) }
    }
  }

  @Test("other files are refused by what they are")
  func otherFiles() throws {
    for (bytes, text) in [
      ([], "it is empty"), (Array("GGUF".utf8), "it begins with other bytes"),
      (Array("APUSVEC\n".utf8), "is cut off: it should have 4096 bytes and has 8"),
    ] as [([UInt8], String)] {
      try writeFile(path, bytes)
      let error = #expect(throws: VectorIndexError.self) { try VectorIndex.open(path) }
      #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }
    #expect(throws: FileError.self) { try VectorIndex.open(scratch.path) }
    #expect(throws: FileError.self) { try VectorIndex.open(scratch.path + "/none") }
  }

  @Test("CRC-32C has the values of RFC 3720")
  func checksum() {
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.of([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.of(Array(0..<32)) == 0x46DD_794E)
    #expect(CRC32C.of(Array("123456789".utf8)) == 0xE306_9283)
    var parts = CRC32C()
    for part in ["1", "2345", "", "6789"] { Array(part.utf8).withUnsafeBytes { parts.update($0) } }
    #expect(parts.value == 0xE306_9283)
  }
}
