// Folders become passages and passages an index that follows the folder.

import ApusRuntime
import ApusSearch
import ApusTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct FolderIndexTests {
  let scratch = ScratchDirectory()

  @Test("passages cover the text, keep to the size and never cut a character")
  func passages() {
    let sentence = "Der Mauersegler schläft im Flug. "
    let texts = [
      "", " \n\n ", "one", "a\n\nb\n\nc", String(repeating: sentence, count: 100),
      String(repeating: "日本語", count: 500), String(repeating: "word ", count: 900),
      String(repeating: "line without an end\n", count: 200), "x\r\n\r\ny\r\n",
    ]
    for text in texts {
      let bytes = Array(text.utf8)
      for target in [16, 100, 800] {
        let ranges = PassageCutter(target: target).passages(of: bytes)
        var covered = 0
        for range in ranges {
          #expect(range.lowerBound >= covered && range.count <= 2 * target && !range.isEmpty)
          #expect(bytes[covered..<range.lowerBound].allSatisfy { $0 == 0x20 || 0x09...0x0D ~= $0 })
          #expect(String(validating: bytes[range], as: UTF8.self) != nil)
          covered = range.upperBound
        }
        #expect(bytes[covered...].allSatisfy { $0 == 0x20 || 0x09...0x0D ~= $0 })
      }
    }
    #expect(PassageCutter(target: 100).passages(of: Array("a\n\nb\n\nc".utf8)) == [0..<7])
  }

  /// A vector that depends on the text only, and counts how often it is asked for.
  private final class Embedder {
    var texts: [String] = []
    func embed(_ batch: [String]) -> [[Float]] {
      texts += batch
      return batch.map { text in
        var vector = [Float](repeating: 0.01, count: 32)
        for byte in text.utf8 { vector[Int(byte) % 32] += 1 }
        return vector
      }
    }
  }

  private func write(_ name: String, _ text: String) throws {
    try writeFile(scratch.path + "/" + name, Array(text.utf8))
  }

  @Test("only what changed is embedded again")
  func update() throws {
    let index = scratch.path + "/.apus-index"
    let options = FolderIndexOptions(model: "m", dimension: 32)
    let embedder = Embedder()
    func update() throws -> FolderIndexReport {
      try FolderIndex.update(index, of: TextFolder(scratch.path), options, embed: embedder.embed)
    }
    try write("a.txt", "about birds")
    try write("b.txt", "about trains")
    try writeFile(scratch.path + "/c.bin", [1, 0, 2])
    try writeFile(scratch.path + "/d.txt", [0x63, 0xE9])
    var report = try update()
    #expect(report.files == 2 && report.passages == 2 && report.embedded == 2 && report.isWritten)
    #expect(report.skipped.map(\.name) == ["c.bin", "d.txt"])
    #expect(report.skipped.map(\.reason) == ["is not text", "is not UTF-8"])
    let first = try #require(readFile(index))

    report = try update()
    #expect(report.embedded == 0 && !report.isWritten)
    #expect(readFile(index) == first)

    try write("b.txt", "about trains and planes")
    report = try update()
    #expect(report.embedded == 1 && report.passages == 2 && report.isWritten)
    #expect(embedder.texts == ["about birds", "about trains", "about trains and planes"])

    unlink(scratch.path + "/a.txt")
    report = try update()
    #expect(report.embedded == 0 && report.passages == 1 && report.isWritten)
    let open = try VectorIndex.open(index, model: "m")
    #expect(try open.entry(0).text == "about trains and planes")
    #expect(try open.entry(0).source == "b.txt")
  }

  @Test("an index of nothing is up to date, too", arguments: [false, true])
  func nothing(_ storesBytes: Bool) throws {
    let index = scratch.path + "/.apus-index"
    var options = FolderIndexOptions(model: "m", dimension: 32)
    options.storesBytes = storesBytes
    for isNew in [true, false] {
      let report = try FolderIndex.update(
        index, of: TextFolder(scratch.path), options, embed: Embedder().embed)
      #expect(report.passages == 0 && report.isWritten == isNew)
    }
  }

  @Test("an index that is damaged or another model's is not touched unless it is to be built anew")
  func refused() throws {
    let index = scratch.path + "/.apus-index"
    let embedder = Embedder()
    try write("a.txt", "text")
    var options = FolderIndexOptions(model: "m", dimension: 32)
    _ = try FolderIndex.update(index, of: TextFolder(scratch.path), options, embed: embedder.embed)
    let good = try #require(readFile(index))
    options.model = "n"
    #expect(throws: VectorIndexError.otherModel(path: index, found: "m", expected: "n")) {
      try FolderIndex.update(index, of: TextFolder(scratch.path), options, embed: embedder.embed)
    }
    #expect(readFile(index) == good)
    try writeFile(index, Array(good.prefix(5000)))
    options.model = "m"
    #expect(throws: VectorIndexError.self) {
      try FolderIndex.update(index, of: TextFolder(scratch.path), options, embed: embedder.embed)
    }
    options.rebuilds = true
    _ = try FolderIndex.update(index, of: TextFolder(scratch.path), options, embed: embedder.embed)
    #expect(readFile(index) == good)
  }

  @Test("an embedding that fails leaves the old index")
  func failing() throws {
    struct Failure: Error {}
    let index = scratch.path + "/.apus-index"
    let options = FolderIndexOptions(model: "m", dimension: 32)
    try write("a.txt", "text")
    _ = try FolderIndex.update(index, of: TextFolder(scratch.path), options, embed: Embedder().embed)
    let good = try #require(readFile(index))
    try write("b.txt", "more")
    #expect(throws: Failure.self) {
      try FolderIndex.update(index, of: TextFolder(scratch.path), options) { _ in throw Failure() }
    }
    #expect(readFile(index) == good)
    #expect(throws: FileError.self) { try TextFolder(scratch.path + "/none") }
  }
}
