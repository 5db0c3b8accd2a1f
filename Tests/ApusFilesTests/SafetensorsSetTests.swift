// Sets of safetensors files under an index: FAULTS.md F19. The names in an index lead to files in its folder or
// nowhere.

import ApusBasics
import ApusFiles
import ApusTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private let indexName = "model.safetensors.index.json"

@Suite("F19: sets of files") struct SafetensorsSetTests {
  private let scratch = ScratchDirectory()

  private var folder: String { scratch.path + "/" }

  /// Two files with a tensor each, `a` in `1.safetensors` and `b` in `2.safetensors`.
  private func writeShards() {
    for (shard, tensor) in [("1", "a"), ("2", "b")] {
      scratch.write(shard + ".safetensors", file(tensor))
    }
  }

  private func file(_ tensors: String...) -> [UInt8] {
    var tiny = TinySafetensors()
    for tensor in tensors { tiny.add(tensor, [1], [Float(tensor.utf8.first ?? 0)]) }
    return tiny.bytes()
  }

  private func refusal(_ index: String, _ limits: Limits = Limits()) -> String? {
    let path = scratch.write(indexName, Array(index.utf8))
    do throws(SafetensorsError) {
      _ = try SafetensorsFile.open(path, limits: limits)
      return nil
    } catch {
      return error.description
    }
  }

  private func map(_ entries: (String, String)...) -> String {
    let members = entries.map { "\"\($0.0)\": \"\($0.1)\"" }.joined(separator: ", ")
    return "{\"metadata\": {\"total_size\": 8e0}, \"weight_map\": {\(members)}}"
  }

  private var good: String { map(("a", "1.safetensors"), ("b", "2.safetensors")) }

  @Test func complete() throws {
    writeShards()
    #expect(refusal(good) == nil)
    let file = try SafetensorsFile.open(scratch.file(indexName))
    #expect(file.tensors.map(\.name) == ["a", "b"])
    for tensor in file.tensors {
      #expect(file.bytes(of: tensor).loadUnaligned(as: Float.self) == Float(tensor.name.utf8.first ?? 0))
    }
    #expect(file.byteCount == 2 * self.file("a").count)
  }

  @Test("A file may hold more than the index lists")
  func more() throws {
    writeShards()
    #expect(refusal(map(("a", "1.safetensors"))) == nil)
    scratch.write("1.safetensors", file("a", "c"))
    #expect(refusal(good) == nil)
  }

  @Test(
    "Names that lead elsewhere",
    arguments: [
      "../1.safetensors", "../../etc/passwd", "/etc/passwd", "x/../1.safetensors", "..", ".", "",
      "./1.safetensors", "x//1.safetensors", "1.safetensors/", "1.safetensors\\u0000",
    ])
  func elsewhere(_ name: String) {
    writeShards()
    let shown = name.split(separator: "\\u0000").joined() + (name.contains("\\u0000") ? "\\u{0}" : "")
    #expect(
      refusal(map(("a", "1.safetensors"), ("b", name)))
        == "\(folder)\(indexName): tensor \"b\": its file \"\(shown)\" would not be in the folder of the index"
    )
  }

  @Test(
    "Indexes that are none",
    arguments: [
      ("", "offset 0x0: an object should be here"),
      ("[]", "offset 0x0: an object should be here"),
      ("{}", "weight_map is missing"),
      ("{\"weight_map\": {}}", "weight_map is empty"),
      ("{\"weight_map\": []}", "offset 0xf: an object should be here"),
      ("{\"weight_map\": {\"a\": 1}}", "tensor \"a\": offset 0x15: a string should be here"),
      ("{\"weight_map\": {\"a\": \"1\"}, \"weight_map\": {}}", "weight_map is there twice"),
      ("{\"weight_map\": {\"a\": \"1\", \"a\": \"2\"}}", "tensor \"a\": the same name is there twice"),
      ("{\"weight_map\": {\"a\": \"1\"}", "offset 0x19: the text ends inside an array or object"),
      ("\u{FEFF}{}", "offset 0x0: the text begins with a byte-order mark"),
    ])
  func broken(_ index: String, _ expected: String) {
    #expect(refusal(index) == "\(folder)\(indexName): \(expected)")
  }

  @Test func missing() {
    writeShards()
    unlink(scratch.file("2.safetensors"))
    #expect(
      refusal(good)
        == "\(folder)\(indexName): 1 of the 2 files of the set are missing: \"2.safetensors\"")
  }

  @Test func wrongTensors() {
    writeShards()
    scratch.write("2.safetensors", file("b", "a"))
    #expect(
      refusal(good) == "\(folder)2.safetensors: tensor \"a\": it is in \"1.safetensors\" already")
    scratch.write("2.safetensors", file("c"))
    #expect(
      refusal(good)
        == "\(folder)\(indexName): tensor \"b\": it is not in its file \"2.safetensors\"")
    scratch.write("2.safetensors", file("b"))
    #expect(
      refusal(map(("a", "2.safetensors"), ("b", "1.safetensors")))
        == "\(folder)\(indexName): tensor \"a\": it is not in its file \"2.safetensors\" but in \"1.safetensors\""
    )
  }

  @Test("A broken file is named")
  func brokenShard() {
    writeShards()
    scratch.write("2.safetensors", file("b") + [0])
    let size = file("b").count
    #expect(
      refusal(good)
        == "\(folder)2.safetensors: 1 bytes after the last tensor (offset 0x\(String(size, radix: 16)))")
    unlink(scratch.file("2.safetensors"))
    mkfifo(scratch.file("2.safetensors"), 0o600)
    #expect(refusal(good)?.hasSuffix("2.safetensors: is a pipe, not a regular file") == true)
  }

  @Test("Links may lead to files in the folder only")
  func links() throws {
    writeShards()
    let outside = ScratchDirectory()
    let target = outside.write("b.safetensors", file("b"))
    let link = scratch.file("2.safetensors")
    unlink(link)
    try #require(symlink(target, link) == 0)
    #expect(
      refusal(good) == "\(folder)2.safetensors: it is a link that leads out of the folder of the index")
    // A folder whose name only begins like this one's is outside, too.
    let neighbour = scratch.path + "-blobs"
    try #require(mkdir(neighbour, 0o700) == 0 && rename(target, neighbour + "/b") == 0)
    defer { _ = (unlink(neighbour + "/b"), rmdir(neighbour)) }
    try #require(unlink(link) == 0 && symlink(neighbour + "/b", link) == 0)
    #expect(refusal(good)?.contains("leads out of the folder") == true)
    scratch.write("real", file("b"))
    try #require(unlink(link) == 0 && symlink("real", link) == 0)
    #expect(refusal(good) == nil)
    try #require(unlink(link) == 0 && symlink("2.safetensors", link) == 0)
    #expect(refusal(good)?.contains("2.safetensors: cannot open: ") == true)
  }

  @Test("The cache of the Hugging Face hub: links from a snapshot into blobs")
  func hub() throws {
    let path = scratch.path
    let folders = ["blobs", "snapshots", "snapshots/1f", "other"].map { path + "/" + $0 }
    for folder in folders { try #require(mkdir(folder, 0o700) == 0) }
    defer { for folder in folders.reversed() { rmdir(folder) } }
    scratch.write("blobs/x", file("a"))
    scratch.write("blobs/y", Array(map(("a", "1.safetensors")).utf8))
    scratch.write("other/x", file("a"))
    let (shard, index) = (path + "/snapshots/1f/1.safetensors", path + "/snapshots/1f/" + indexName)
    try #require(symlink("../../blobs/x", shard) == 0 && symlink("../../blobs/y", index) == 0)
    defer {
      for file in [shard, index, path + "/blobs/x", path + "/blobs/y", path + "/other/x"] { unlink(file) }
    }
    #expect(try SafetensorsFile.open(index).tensors.map(\.name) == ["a"])
    try #require(unlink(shard) == 0 && symlink("../../other/x", shard) == 0)
    #expect(throws: SafetensorsError.self) { try SafetensorsFile.open(index) }
  }

  @Test("Limits")
  func limits() {
    writeShards()
    var limits = Limits()
    limits.safetensors.shards = 1
    #expect(refusal(good, limits) == "\(folder)\(indexName): more than 1 files")
    limits.safetensors.tensors = 1
    #expect(refusal(good, limits) == "\(folder)\(indexName): more than 1 tensors")
    limits.safetensors.indexBytes = 10
    #expect(
      refusal(good, limits) == "\(folder)\(indexName): \(good.utf8.count) bytes of index, the limit is 10")
  }
}
