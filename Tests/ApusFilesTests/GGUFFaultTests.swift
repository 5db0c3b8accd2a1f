// Broken and hostile GGUF files: FAULTS.md F01 … F12, F20, F24. Each is refused with one line that names the
// place and the numbers, without a trap and without memory the file does not warrant.

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

/// What opening `bytes` throws, or nil.
private func refusal(_ bytes: [UInt8], _ name: String = "broken.gguf") -> String? {
  do throws(GGUFError) {
    _ = try GGUFFile(bytes: bytes, name: name)
    return nil
  } catch {
    return error.description
  }
}

/// What opening the file at `path` throws, or nil.
private func refusal(_ path: String) -> String? {
  do throws(GGUFError) {
    _ = try GGUFFile.open(path)
    return nil
  } catch {
    return error.description
  }
}

@Suite struct GGUFFaultTests {
  @Test("F01–F10", arguments: BrokenGGUF.all)
  func refused(_ broken: BrokenGGUF) throws {
    let message = try #require(refusal(broken.bytes), "it was accepted")
    #expect(message.contains(broken.expected), "\(message)")
    #expect(message.hasPrefix("broken.gguf: ") && !message.contains("\n"))
  }

  @Test("F03–F10: refusing takes less than 64 MiB and a second for all of them")
  func memory() {
    func peak() -> Int {
      var usage = rusage()
      getrusage(0, &usage)  // RUSAGE_SELF, which is no Int32 everywhere
      #if canImport(Darwin)
        return usage.ru_maxrss
      #else
        return usage.ru_maxrss * 1024
      #endif
    }
    let files = BrokenGGUF.all
    let before = peak()
    let time = processorTime { for broken in files { _ = refusal(broken.bytes) } }
    #expect(peak() - before < 64 << 20)
    #expect(time < .seconds(1))
  }

  @Test("F01: 4 GB of zeros")
  func zeros() throws {
    let scratch = ScratchDirectory()
    let path = scratch.write("zeros.gguf", [0])
    try #require(truncate(path, 4 << 30) == 0)
    #expect(refusal(path) == "\(path): not a GGUF file: it starts with the bytes 00 00 00 00")
  }

  @Test("F02: version 2 is read")
  func version2() throws {
    var raw = RawGGUF()
    raw.version = 2
    raw.key("a", 4, RawGGUF.word(UInt32(7)))
    raw.tensor("w", [8])
    raw.dataBytes = 32
    let file = try GGUFFile(bytes: raw.bytes(), name: "two.gguf")
    #expect(file.version == 2)
    #expect(try file.metadata.int("a") == 7)
  }

  @Test("F11: cut at every byte of the header")
  func cutHeader() throws {
    let bytes = TinyGGUF.sample().bytes()
    let header = TinyGGUF.sample().header.encoded().count
    for cut in 8..<header {
      let message = try #require(refusal(Array(bytes[..<cut])), "accepted \(cut) of \(bytes.count) bytes")
      let needs =
        message.split(separator: "needs ").last?.split(separator: " ").first.flatMap { Int($0) } ?? 0
      #expect(
        message.contains("file is truncated: needs ") && message.hasSuffix("bytes, has \(cut)"), "\(message)")
      #expect(needs > cut && needs <= bytes.count, "\(message)")
    }
  }

  @Test("F11: cut at every 4 KiB of the data, and one byte short")
  func cutData() throws {
    var tiny = TinyGGUF()
    tiny.add("a", [4096], [Float](repeating: 1, count: 4096))
    tiny.add("b", [1000, 10], [Float](repeating: 1, count: 10_000))
    let bytes = tiny.bytes()
    let needs = tiny.header.encoded().count + 4096 * 4 + 40_000
    #expect(needs == bytes.count)
    for cut in Array(stride(from: 4096, to: bytes.count, by: 4096)) + [bytes.count - 1] {
      let message = refusal(Array(bytes[..<cut]))
      #expect(message == "broken.gguf: file is truncated: needs \(needs) bytes, has \(cut)")
    }
  }

  @Test("F11: the padding of the last tensor may be missing")
  func cutPadding() throws {
    var tiny = TinyGGUF()
    tiny.add("a", [1], [5])
    let bytes = tiny.bytes()
    let file = try GGUFFile(bytes: Array(bytes[..<(bytes.count - 28)]), name: "a.gguf")
    #expect(file.warnings.isEmpty)
  }

  @Test("F12: trailing bytes are a warning")
  func trailing() throws {
    let bytes = TinyGGUF.sample().bytes()
    #expect(try GGUFFile(bytes: bytes, name: "a.gguf").warnings == [])
    let file = try GGUFFile(bytes: bytes + [1, 2, 3], name: "a.gguf")
    #expect(file.warnings == ["a.gguf: 3 bytes after the last tensor are ignored"])
    #expect(file.tensors.count == 4)
  }

  @Test("F24: not a regular file")
  func irregular() throws {
    let scratch = ScratchDirectory()
    #expect(refusal(scratch.path) == "\(scratch.path): is a directory, not a regular file")
    #expect(refusal("/dev/zero") == "/dev/zero: is a device, not a regular file")
    let pipe = scratch.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    #expect(refusal(pipe) == "\(pipe): is a pipe, not a regular file")
    let absent = scratch.file("absent.gguf")
    #expect(refusal(absent) == "\(absent): cannot open: No such file or directory")
  }

  @Test("F24: unreadable", .enabled(if: geteuid() != 0, "root reads everything"))
  func unreadable() throws {
    let scratch = ScratchDirectory()
    let path = scratch.write("secret.gguf", [0])
    try #require(chmod(path, 0) == 0)
    #expect(refusal(path) == "\(path): cannot open: Permission denied")
  }
}

@Suite("F20: split sets") struct GGUFSplitTests {
  /// One part of a set, holding one tensor.
  private func part(_ number: Int, of count: Int, tensor: String, total: Int = 3) -> [UInt8] {
    var tiny = TinyGGUF()
    if number == 0 { tiny.header.set("general.architecture", .string("llama")) }
    tiny.header.set("split.no", .scalar(UInt16(number)))
    tiny.header.set("split.count", .scalar(UInt16(count)))
    tiny.header.set("split.tensors.count", .scalar(Int32(total)))
    tiny.add(tensor, [4], [Float](repeating: Float(number), count: 4))
    return tiny.bytes()
  }

  private func path(_ number: Int, of count: Int = 3) -> String { "m-0000\(number)-of-0000\(count).gguf" }

  private func writeSet(_ scratch: ScratchDirectory) {
    for number in 0..<3 { scratch.write(path(number + 1), part(number, of: 3, tensor: "t\(number)")) }
  }

  @Test func complete() throws {
    let scratch = ScratchDirectory()
    writeSet(scratch)
    let file = try GGUFFile.open(scratch.file(path(1)))
    #expect(file.tensors.map(\.name) == ["t0", "t1", "t2"])
    #expect(try file.metadata.string("general.architecture") == "llama")
    for (index, tensor) in file.tensors.enumerated() {
      #expect(file.bytes(of: tensor).loadUnaligned(as: Float.self) == Float(index))
    }
  }

  @Test func missing() throws {
    let scratch = ScratchDirectory()
    writeSet(scratch)
    unlink(scratch.file(path(2)))
    #expect(
      refusal(scratch.file(path(1)))
        == "\(scratch.file(path(1))): 1 of the 3 files of the set are missing: \(scratch.file(path(2)))")
  }

  @Test func notTheFirst() throws {
    let scratch = ScratchDirectory()
    writeSet(scratch)
    #expect(
      refusal(scratch.file(path(2)))
        == "\(scratch.file(path(2))): it is file 2 of 3: open the first, \(scratch.file(path(1)))")
  }

  @Test func foreign() throws {
    let scratch = ScratchDirectory()
    writeSet(scratch)
    scratch.write(path(2), part(1, of: 4, tensor: "t1"))
    #expect(
      refusal(scratch.file(path(1)))
        == "\(scratch.file(path(2))): it is no part of the set of \(scratch.file(path(1))): "
        + "split.no 1, split.count 4, not 1 and 3")
    scratch.write(path(2), TinyGGUF.sample().bytes())
    #expect(refusal(scratch.file(path(1)))?.contains("split.no missing, split.count missing") == true)
    scratch.write(path(2), part(1, of: 3, tensor: "t0"))
    #expect(
      refusal(scratch.file(path(1)))?
        .hasSuffix("tensor \"t0\" is in \(scratch.file(path(1))) already") == true)
  }

  @Test func wrongTotal() throws {
    let scratch = ScratchDirectory()
    writeSet(scratch)
    scratch.write(path(1), part(0, of: 3, tensor: "t0", total: 5))
    #expect(
      refusal(scratch.file(path(1)))?
        .hasSuffix("the 3 files of the set hold 3 tensors, split.tensors.count is 5") == true)
  }

  @Test func wrongName() throws {
    let scratch = ScratchDirectory()
    let lonely = scratch.write("model.gguf", part(0, of: 3, tensor: "t0"))
    #expect(refusal(lonely)?.hasSuffix("one of 3 files (split.count), its name does not end so") == true)
    let whole = scratch.write(path(1), TinyGGUF.sample().bytes())
    #expect(refusal(whole)?.hasSuffix("one of 1 files (split.count), its name does not end so") == true)
  }
}
