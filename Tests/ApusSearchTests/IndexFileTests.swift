// The index file when things go wrong: headers that contradict themselves, writers that fail or are killed, an index that
// is built anew while it is searched. And the bits of a small one, which no version may change silently.

import ApusBasics
import ApusRuntime
import ApusSearch
import ApusTestSupport
import CApusTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct IndexFileTests {
  let scratch = ScratchDirectory()

  /// An index whose values need no library functions: the same on every machine.
  static func builder(_ count: Int, dimension: Int = 32) throws -> VectorIndexBuilder {
    var builder = try VectorIndexBuilder(
      model: "golden", dimension: dimension, similarity: .dot, storesBytes: true)
    for row in 0..<count {
      try builder.add(
        (0..<dimension).map { Float((row * 31 + $0 * 17) % 101 - 50) / 8 },
        IndexEntry(source: "file", range: row..<row + 9, text: "passage \(row)", sourceStamp: 5))
    }
    return builder
  }

  /// Panels are stored as the kernels read them. When this test fails, the layout of a panel or of the file has changed:
  /// files that are there would be misread, so `IndexHeader.version` has to rise before the sums here are replaced.
  @Test("the sections of version 1 keep their bits")
  func golden() throws {
    let path = scratch.file("golden")
    try Self.builder(20, dimension: 96).write(to: path)
    let bytes = try #require(readFile(path))
    #expect(bytes.load(8, UInt32.self) == 1)
    let sums = (0..<3).map { section -> UInt32 in
      let offset = Int(bytes.load(40 + 16 * section, UInt64.self))
      let size = Int(bytes.load(48 + 16 * section, UInt64.self))
      return CRC32C.of(Array(bytes[offset..<offset + size]))
    }
    #expect(sums == [2_487_388_365, 3_798_603_563, 379_226_944])
    #expect(CRC32C.of(bytes) == 1_942_527_789)
  }

  /// A field, what is put there, and what the error says.
  struct BadField: Sendable, CustomTestStringConvertible {
    var name: String
    var offset: Int
    var value: UInt64
    var bytes = 8
    var says: String
    var testDescription: String { "\(name) = \(value)" }
  }

  static let badFields = [
    BadField(name: "version", offset: 8, value: 2, bytes: 4, says: "it has version 2"),
    BadField(name: "similarity", offset: 12, value: 2, bytes: 4, says: "the similarity is number 2"),
    BadField(name: "size", offset: 16, value: 1, says: "longer than it says"),
    BadField(name: "size", offset: 16, value: 1 << 40, says: "cut off"),
    BadField(name: "size", offset: 16, value: 1 << 63, says: "the size is 9223372036854775808"),
    BadField(name: "count", offset: 24, value: 1 << 63, says: "the number of vectors is"),
    BadField(name: "count", offset: 24, value: 1 << 63 - 1, says: "do not fit"),
    BadField(name: "count", offset: 24, value: 1 << 57, says: "do not fit"),
    BadField(name: "count", offset: 24, value: 16, says: "do not fit"),
    BadField(name: "count", offset: 24, value: 33, says: "do not fit"),
    BadField(name: "dimension", offset: 32, value: 0, bytes: 4, says: "do not fit"),
    BadField(name: "dimension", offset: 32, value: 64, bytes: 4, says: "do not fit"),
    BadField(name: "dimension", offset: 32, value: 1 << 20 + 1, bytes: 4, says: "do not fit"),
    BadField(name: "name", offset: 36, value: 3993, bytes: 4, says: "the model's name has 3993 bytes"),
    BadField(name: "name", offset: 36, value: 1 << 32 - 1, bytes: 4, says: "the model's name has"),
    BadField(name: "entries", offset: 40, value: 0, says: "the entries lie outside"),
    BadField(name: "entries", offset: 40, value: 4097, says: "the entries lie outside"),
    BadField(name: "entries", offset: 40, value: 1 << 40, says: "the entries lie outside"),
    BadField(name: "entries", offset: 40, value: 1 << 63 - 4096, says: "the entries lie outside"),
    BadField(name: "entries", offset: 40, value: 1 << 63, says: "entries is"),
    BadField(name: "entries' size", offset: 48, value: 0, says: "do not fit"),
    BadField(name: "entries' size", offset: 48, value: 8 * 20, says: "do not fit"),
    BadField(name: "entries' size", offset: 48, value: 1 << 63 - 1, says: "the entries lie outside"),
    BadField(name: "floats", offset: 56, value: 0, says: "the floats lie outside"),
    BadField(name: "floats", offset: 56, value: 1 << 40, says: "the floats lie outside"),
    BadField(name: "floats' size", offset: 64, value: 0, says: "do not fit"),
    BadField(name: "floats' size", offset: 64, value: 64, says: "do not fit"),
    BadField(name: "bytes", offset: 72, value: 0, says: "the bytes lie outside"),
    BadField(name: "bytes", offset: 72, value: 64, says: "the bytes lie outside"),
    BadField(name: "bytes' size", offset: 80, value: 64, says: "the 8-bit vectors have 64 bytes"),
  ]

  @Test(
    "a header whose checksum is right and whose fields are wrong is refused by what is wrong",
    arguments: badFields)
  func badHeader(_ field: BadField) throws {
    let path = scratch.file("bad")
    try Self.builder(20).write(to: path)
    var bytes = try #require(readFile(path))
    func put(_ value: UInt64, _ count: Int, at offset: Int) {
      for byte in 0..<count { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte))) }
    }
    put(field.value, field.bytes, at: field.offset)
    let name = min(Int(bytes.load(36, UInt32.self)), 4096 - 104)
    put(UInt64(CRC32C.of(Array(bytes[..<100] + bytes[104..<104 + name]))), 4, at: 100)
    try writeFile(path, bytes)
    let error = #expect(throws: VectorIndexError.self) { try VectorIndex.open(path) }
    #expect(error.map { "\($0)" }?.contains(field.says) == true, "\(String(describing: error))")
  }

  @Test("a write that fails leaves the old index", .enabled(if: isLinux, "limits the size of files"))
  func failedWrite() async {
    await #expect(processExitsWith: .success) {
      ProcessFaults.install()
      let scratch = ScratchDirectory()
      let path = scratch.file("a")
      try IndexFileTests.builder(20).write(to: path)
      let old = readFile(path)
      let builder = try IndexFileTests.builder(2000)
      for bytes in [200_000, 4096, 1] {
        var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
        precondition(setFileSizeLimit(&limit) == 0)
        do {
          try builder.write(to: path)
          preconditionFailure("written beyond the limit of \(bytes)")
        } catch {
          precondition("\(error)".contains("File too large"), "\(error)")
        }
        precondition(readFile(path) == old && scratch.names == ["a"])
      }
      try VectorIndex.open(path).verify()
    }
  }

  @Test("a writer that is killed leaves the old index or the new one", .enabled(if: isLinux, "uses fork"))
  func killedWriter() throws {
    let path = scratch.file("a")
    try Self.builder(20).write(to: path)
    let builder = try Self.builder(3000)
    var new = 0
    for round in 0..<12 {
      let child = apus_fork()
      if child == 0 {
        try? builder.write(to: path)
        _exit(0)
      }
      var time = timespec(tv_sec: 0, tv_nsec: Int(Philox(key: 7).block(UInt64(round))[0] % 100_000) * 1000)
      nanosleep(&time, nil)
      kill(child, SIGKILL)
      var status: Int32 = 0
      waitpid(child, &status, 0)
      let index = try VectorIndex.open(path, model: "golden")
      #expect(index.count == 20 || index.count == 3000)
      try index.verify()
      if index.count == 3000 {
        new += 1
        try Self.builder(20).write(to: path)
      }
    }
    print("\(new) of 12 writers were done before they were killed")
    try Self.builder(20).write(to: path)
    #expect(scratch.names == ["a"])
  }

  @Test("an index that is built anew is searched to the end; one that is written over is refused")
  func replaced() throws {
    let path = scratch.file("a")
    try Self.builder(20).write(to: path)
    let old = try VectorIndex.open(path)
    let scanner = try VectorScanner(old, runtime: runtime(threads: 1))
    let query = old.vector(3)
    let expected = try scanner.search(query, count: 20)
    try Self.builder(50).write(to: path)
    #expect(try scanner.search(query, count: 20) == expected)
    try old.verify()
    let new = try VectorIndex.open(path)
    #expect(old.count == 20 && new.count == 50)
    let other = try VectorScanner(new, runtime: runtime(threads: 1))
    truncate(path, off_t(new.byteCount - 1))
    #expect(throws: FileError.self) { try other.search(query, count: 1) }
    #expect(throws: FileError.self) { try new.verify() }
    #expect(try scanner.search(query, count: 20) == expected)
  }
}

extension [UInt8] {
  /// A little-endian number.
  func load<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
    withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
  }
}
