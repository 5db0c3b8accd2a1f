// Broken and hostile safetensors files: FAULTS.md F01, F03, F11, F12, F18, F24. Each is refused with one line that
// names the place and the numbers, without a trap and without memory the file does not warrant. Sets of files are in
// SafetensorsSetTests.

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

/// What opening `bytes` throws, or nil.
private func refusal(_ bytes: [UInt8], _ limits: Limits = Limits()) -> String? {
  do throws(SafetensorsError) {
    _ = try SafetensorsFile(bytes: bytes, name: "broken.safetensors", limits: limits)
    return nil
  } catch {
    return error.description
  }
}

/// What opening the file at `path` throws, or nil.
private func refusal(_ path: String) -> String? {
  do throws(SafetensorsError) {
    _ = try SafetensorsFile.open(path)
    return nil
  } catch {
    return error.description
  }
}

@Suite struct SafetensorsFaultTests {
  @Test("F01, F03, F12, F18", arguments: BrokenSafetensors.all)
  func refused(_ broken: BrokenSafetensors) {
    #expect(refusal(broken.bytes) == "broken.safetensors: \(broken.expected)")
  }

  @Test("F18: refusing takes less than 64 MiB and a second for all of them")
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
    let files = BrokenSafetensors.all
    let before = peak()
    let time = processorTime { for broken in files { _ = refusal(broken.bytes) } }
    #expect(peak() - before < 64 << 20)
    #expect(time < .seconds(1))
  }

  @Test("F18: limits can be changed")
  func limits() {
    let records = (0..<4).map { RawSafetensors.record("w\($0)", "[1]", "[\(4 * $0),\(4 * $0 + 4)]") }
    let bytes = RawSafetensors(records: records, dataBytes: 16).bytes()
    var limits = Limits()
    limits.safetensors.tensors = 4
    #expect(refusal(bytes, limits) == nil)
    limits.safetensors.tensors = 3
    #expect(refusal(bytes, limits) == "broken.safetensors: more than 3 tensors")
    limits.safetensors.headerBytes = 100
    #expect(
      refusal(bytes, limits) == "broken.safetensors: \(bytes.count - 24) bytes of header, the limit is 100")
  }

  @Test("F01: 4 GB of zeros")
  func zeros() throws {
    let scratch = ScratchDirectory()
    let path = scratch.write("zeros.safetensors", [0])
    try #require(truncate(path, 4 << 30) == 0)
    #expect(refusal(path) == "\(path): not a safetensors file: its header has no bytes")
  }

  @Test("F11: cut at every byte")
  func cut() {
    let bytes = TinySafetensors.sample().bytes()
    let header = 8 + Int(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    #expect(refusal(bytes) == nil)
    for cut in 8..<bytes.count {
      let needs = cut < header ? header : bytes.count
      #expect(
        refusal(Array(bytes[..<cut]))
          == "broken.safetensors: file is truncated: needs \(needs) bytes, has \(cut)")
    }
  }

  @Test("F24: not a regular file")
  func irregular() throws {
    let scratch = ScratchDirectory()
    #expect(refusal(scratch.path) == "\(scratch.path): is a directory, not a regular file")
    #expect(refusal("/dev/zero") == "/dev/zero: is a device, not a regular file")
    for name in ["pipe", "pipe.index.json"] {
      let pipe = scratch.file(name)
      try #require(mkfifo(pipe, 0o600) == 0)
      #expect(refusal(pipe) == "\(pipe): is a pipe, not a regular file")
    }
    let absent = scratch.file("absent.safetensors")
    #expect(refusal(absent) == "\(absent): cannot open: No such file or directory")
  }

  @Test("F24: unreadable", .enabled(if: geteuid() != 0, "root reads everything"))
  func unreadable() throws {
    let scratch = ScratchDirectory()
    let path = scratch.write("secret.safetensors", [0])
    try #require(chmod(path, 0) == 0)
    #expect(refusal(path) == "\(path): cannot open: Permission denied")
  }
}
