// Mapped files and atomic writing, on files as they should be and as they should not (F23, F24, F77, F84).

import ApusTestSupport
import CApusTestSupport
import Testing

@testable import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct MappedFileTests {
  @Test func reads() throws {
    let scratch = Scratch()
    let file = try MappedFile(path: scratch.write("a", "hello"))
    #expect(String(decoding: file.bytes, as: UTF8.self) == "hello")
    file.advise(.soon, 0..<5)
    file.advise(.sequential, 3..<100)
    file.advise(.done, 0..<0)
    try file.verifyUnchanged()
    let empty = try MappedFile(path: scratch.write("b", ""))
    #expect(empty.bytes.isEmpty)
    empty.advise(.soon, 0..<5)
    try empty.verifyUnchanged()
  }

  @Test func refusesWhatIsNotAFile() throws {
    let scratch = Scratch()
    let pipe = scratch.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    let cases: [(String, FileError)] = [
      (pipe, .notRegular(path: pipe, kind: "a pipe")),
      (scratch.path, .notRegular(path: scratch.path, kind: "a directory")),
      ("/dev/zero", .notRegular(path: "/dev/zero", kind: "a device")),
      (
        scratch.path + "/none",
        .system(path: scratch.path + "/none", operation: "open", reason: "No such file or directory")
      ),
      ("", .system(path: "", operation: "open", reason: "No such file or directory")),
    ]
    for (path, expected) in cases {
      #expect(throws: expected) { try MappedFile(path: path) }
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything"))
  func refusesTheUnreadable() {
    let scratch = Scratch()
    let path = scratch.write("a", "secret")
    chmod(path, 0)
    #expect(throws: FileError.system(path: path, operation: "open", reason: "Permission denied")) {
      try MappedFile(path: path)
    }
  }

  /// F23: what happens to the file while it is mapped.
  @Test(arguments: ["append", "truncate", "rewrite", "replace", "delete"])
  func noticesChanges(change: String) throws {
    let scratch = Scratch()
    let path = scratch.write("a", "hello")
    let file = try MappedFile(path: path)
    // Clocks of file systems tick coarsely; a rewrite within a tick of the first write must still be seen.
    pause(milliseconds: 20)
    switch change {
    case "append": scratch.write("a", "hello again")
    case "truncate": truncate(path, 2)
    case "rewrite": scratch.write("a", "HELLO")
    case "replace": rename(scratch.write("b", "hello"), path)
    default: unlink(path)
    }
    let expected =
      switch change {
      case "append": "changed size from 5 to 11 bytes"
      case "truncate": "changed size from 5 to 2 bytes"
      case "rewrite": "was written to"
      case "replace": "was replaced by another file"
      default: ""
      }
    // The bytes that are mapped are those of a file that was deleted or replaced.
    if change == "replace" || change == "delete" {
      try file.verifyContents()
    } else {
      #expect(throws: FileError.changed(path: path, what: expected)) { try file.verifyContents() }
    }
    if expected.isEmpty {
      try file.verifyUnchanged()
    } else {
      #expect(throws: FileError.changed(path: path, what: expected)) { try file.verifyUnchanged() }
    }
  }

  @Test func aShrunkenFileEndsTheProgramWithOneLine() async throws {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      ProcessFaults.install()
      let scratch = Scratch()
      let path = scratch.write("model.gguf", String(repeating: "x", count: 20_000))
      let other = try MappedFile(path: scratch.write("other", "y"))
      let file = try MappedFile(path: path)
      truncate(path, 0)
      let sum = file.bytes.reduce(0) { $0 &+ Int($1) }
      print("read \(sum) \(other.bytes.count)")
    }
    let line = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(line.contains("/model.gguf: cannot be read at byte 0 of 20000"))
    #expect(line.split(separator: "\n").filter { $0.hasPrefix("apus: ") }.count == 1)
  }

  /// A fault elsewhere keeps its meaning: the signal, or what a sanitizer makes of it.
  @Test func anotherBusErrorStillKills() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.exitStatus]) {
      ProcessFaults.install()
      ProcessFaults.install()
      raise(SIGBUS)
      raise(SIGBUS)
    }
    #expect(try #require(result).exitStatus != .exitCode(1))
  }
}

struct AtomicFileTests {
  static func save(
    _ path: String, _ text: String, replacing: Bool = true, expectedBytes: Int = 0, commit: Bool = true
  ) throws(FileError) {
    var file = try AtomicFile(path: path, replacing: replacing, expectedBytes: expectedBytes)
    for byte in text.utf8 { try file.write([byte]) }
    if commit { try file.commit() }
  }

  @Test func replaces() throws {
    let scratch = Scratch()
    let path = scratch.path + "/a"
    try Self.save(path, "one", replacing: false)
    #expect(scratch.read("a") == "one")
    #expect(throws: FileError.exists(path: path)) { try Self.save(path, "two", replacing: false) }
    try Self.save(path, "two", expectedBytes: 100_000)
    #expect(scratch.read("a") == "two")
    try Self.save(path, "")
    #expect(scratch.read("a") == "")
    #expect(scratch.names == ["a"])
  }

  @Test func keepsModeAndLinks() throws {
    let scratch = Scratch()
    let path = scratch.write("a", "old")
    chmod(path, 0o640)
    symlink("a", scratch.path + "/link")
    try Self.save(scratch.path + "/link", "new")
    var status = stat()
    #expect(lstat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o640)
    #expect(scratch.read("a") == "new")
    #expect(lstat(scratch.path + "/link", &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func abandonedLeavesTheOld() throws {
    let scratch = Scratch()
    let path = scratch.write("a", "old")
    try Self.save(path, "new", commit: false)
    #expect(scratch.read("a") == "old")
    #expect(scratch.names == ["a"])
  }

  @Test func refusesWhatCannotBeWritten() {
    let scratch = Scratch()
    #expect(throws: FileError.notRegular(path: scratch.path, kind: "a directory")) {
      try Self.save(scratch.path, "x")
    }
    #expect(throws: FileError.notRegular(path: "/dev/null", kind: "a device")) {
      try Self.save("/dev/null", "x")
    }
    let missing = scratch.path + "/none/a"
    #expect(throws: FileError.system(path: missing, operation: "create", reason: "No such file or directory"))
    {
      try Self.save(missing, "x")
    }
    let new = scratch.path + "/new/"
    #expect(throws: FileError.notRegular(path: new, kind: "a directory")) { try Self.save(new, "x") }
  }

  /// A disk without the room says so before the first byte is written.
  @Test(.enabled(if: isLinux, "space is reserved on Linux only"))
  func aFullDiskShowsAtTheStart() {
    let scratch = Scratch()
    let path = scratch.write("a", "old")
    #expect {
      try Self.save(path, "new", expectedBytes: 1 << 55)
    } throws: { error in
      "\(error)".contains("cannot reserve 36028797018963968 bytes")
    }
    #expect(scratch.read("a") == "old")
    #expect(scratch.names == ["a"])
  }

  /// A limit on the size of files, the nearest thing to a full disk that needs no privileges (F77).
  @Test func aFailedWriteLeavesTheOld() async {
    await #expect(processExitsWith: .success) {
      ProcessFaults.install()
      let scratch = Scratch()
      let path = scratch.write("a", "old")
      var limit = rlimit(rlim_cur: 10, rlim_max: 10)
      precondition(setFileSizeLimit(&limit) == 0)
      do throws(FileError) {
        try AtomicFileTests.save(path, String(repeating: "x", count: 100))
        preconditionFailure("written beyond the limit")
      } catch {
        precondition(error == .system(path: path, operation: "write", reason: "File too large"), "\(error)")
      }
      precondition(scratch.read("a") == "old")
      precondition(scratch.names == ["a"])
    }
  }

  /// Kills a writer at random moments of its work: old or new, never torn; the next writer clears up.
  @Test(.enabled(if: isLinux, "uses fork"))
  func killedWritersLeaveOldOrNew() throws {
    let scratch = Scratch()
    let path = scratch.path + "/a"
    let size = 200_000
    try Self.save(path, "0")
    var left = 0
    for round in 1...20 {
      let child = apus_fork()
      if child == 0 {
        // Bytes of one kind, written in many pieces.
        let piece = [UInt8](repeating: UInt8(round), count: size / 50)
        if var file = try? AtomicFile(path: path, replacing: true) {
          for _ in 0..<50 { try? file.write(piece) }
          try? file.commit()
        }
        _exit(0)
      }
      let delay = Int(Philox(key: 7).block(UInt64(round))[0] % 3_000)
      var time = timespec(tv_sec: 0, tv_nsec: delay * 1000)
      nanosleep(&time, nil)
      kill(child, SIGKILL)
      var status: Int32 = 0
      waitpid(child, &status, 0)
      left += scratch.names.count - 1
      let file = try MappedFile(path: path)
      #expect(file.bytes.count == 1 || file.bytes.count == size)
      #expect(file.bytes.allSatisfy { $0 == file.bytes[0] })
    }
    print("\(left) temporary files were left by 20 kills")
    try Self.save(path, "end")
    #expect(scratch.names == ["a"])
  }

  /// Two writers of one name at the same time do not touch each other's temporary file.
  @Test func twoWriters() throws {
    let scratch = Scratch()
    let path = scratch.path + "/a"
    var first = try AtomicFile(path: path, replacing: true)
    var second = try AtomicFile(path: path, replacing: true)
    try first.write([1, 2, 3])
    try second.write([4])
    try second.commit()
    try first.commit()
    #expect(scratch.read("a") == "\u{1}\u{2}\u{3}")
    #expect(scratch.names == ["a"])
  }
}
