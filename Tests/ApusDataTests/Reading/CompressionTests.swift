// Compressed text: read where the build can, refused with a way out where it cannot, and never believed (F73).

import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

#if APUS_COMPRESSION
  private let readsCompressed = true
#else
  private let readsCompressed = false
#endif

private let skipReason: Comment = "needs a build with --traits Compression"

@Suite struct CompressionTests {
  private static func fixture(_ name: String) throws -> [UInt8] {
    try #require(readFile(Fixtures.path("compression/\(name)")))
  }

  private static func read(_ path: String) throws(ReadingError) -> [UInt8] {
    let reader = DocumentReader([path])
    var text: [UInt8] = []
    while let piece = try reader.next() { text += piece.bytes }
    return text
  }

  private static func error(_ bytes: [UInt8], _ name: String) -> ReadingError? {
    let scratch = ScratchDirectory()
    do throws(ReadingError) {
      _ = try read(scratch.write(name, bytes))
      return nil
    } catch {
      return error
    }
  }

  @Test(.enabled(if: !readsCompressed, "a build with --traits Compression reads these"))
  func aBuildWithoutSaysHowToGetIt() {
    for name in ["text.txt.gz", "text.txt.zst"] {
      let error = #expect(throws: ReadingError.self) { try Self.read(Fixtures.path("compression/\(name)")) }
      let text = error?.description ?? ""
      #expect(
        text.contains("'swift build --traits Compression'") && text.contains("zlib1g-dev libzstd-dev"),
        "\(text)")
      #expect(text.contains("/\(name): is \(name.hasSuffix("gz") ? "gzip" : "zstd")-compressed"), "\(text)")
    }
  }

  @Test(
    .enabled(if: readsCompressed, skipReason),
    arguments: ["text.txt.gz", "text.txt.zst", "parts.txt.gz", "parts.txt.zst"])
  func textIsWhatWasCompressed(name: String) throws {
    #expect(try Self.read(Fixtures.path("compression/\(name)")) == Self.fixture("text.txt"))
  }

  // MARK: F73

  @Test(.enabled(if: readsCompressed, skipReason), arguments: ["text.txt.gz", "text.txt.zst"])
  func f73TruncatedFilesAreErrors(name: String) throws {
    let bytes = try Self.fixture(name)
    for count in Array(10..<40) + [bytes.count / 2, bytes.count - 9, bytes.count - 4, bytes.count - 1] {
      let error = Self.error(Array(bytes[..<count]), name)
      guard case .compressedData(let path, let offset, let problem) = error else {
        Issue.record("\(count) bytes: \(String(describing: error))")
        continue
      }
      #expect(path.hasSuffix("/\(name)") && offset == count && problem.hasSuffix("the file is truncated"))
    }
  }

  /// A byte changed anywhere: an error, or (in names and times that headers may hold) the same text, never another one.
  @Test(.enabled(if: readsCompressed, skipReason), arguments: ["text.txt.gz", "text.txt.zst"])
  func f73DamagedFilesAreErrors(name: String) throws {
    let bytes = try Self.fixture(name)
    let text = try Self.fixture("text.txt")
    var errors = 0
    for index in Array(0..<40) + Array(stride(from: 40, to: bytes.count, by: 211)) {
      var damaged = bytes
      damaged[index] ^= 0x55
      let scratch = ScratchDirectory()
      let path = scratch.write(name, damaged)
      do throws(ReadingError) {
        #expect(try Self.read(path) == text, "byte \(index)")
      } catch {
        errors += 1
        let line = error.description
        #expect(line.hasPrefix(path + ":"), "byte \(index): \(line)")
      }
    }
    #expect(errors > 40)
  }

  @Test(.enabled(if: readsCompressed, skipReason), arguments: ["text.txt.gz", "text.txt.zst"])
  func f73WhatFollowsIsAnError(name: String) throws {
    let error = Self.error(try Self.fixture(name) + Array("and more".utf8), name)
    guard case .compressedData(_, let offset, let problem) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try offset >= Self.fixture(name).count && problem.contains("is damaged"))
  }

  @Test(.enabled(if: readsCompressed, skipReason), arguments: ["zeros.gz", "zeros.zst"])
  func f73BombsAreErrors(name: String) throws {
    let scratch = ScratchDirectory()
    let path = scratch.write(name, Array(repeatElement(try Self.fixture(name), count: 200).joined()))
    var options = ReadingOptions()
    options.longest = 4 << 20
    let reader = DocumentReader([path], options)
    let error = #expect(throws: ReadingError.self) { while try reader.next() != nil {} }
    let text = error?.description ?? ""
    #expect(text.hasPrefix(path + ":") && text.contains("over 500 times as much"), "\(text)")
    // Told as soon as it shows, long before the last of the 200 mebibytes.
    #expect(reader.report.textBytes < 72 << 20)
  }

  /// Ten times more text needs no more memory. A process of its own, because others would count.
  @Test(.enabled(if: readsCompressed && isLinux, skipReason))
  func f73MemoryIsFlat() async {
    await #expect(processExitsWith: .success) {
      let scratch = ScratchDirectory()
      for name in ["text.txt.gz", "text.txt.zst"] {
        let part = readFile(Fixtures.path("compression/\(name)"))!
        let path = scratch.write(name, Array(repeatElement(part, count: 300).joined()))
        var options = ReadingOptions()
        options.longest = 1 << 20
        let reader = DocumentReader([path], options)
        _ = try reader.next()
        let before = ProcessMemory.peakResident!
        while try reader.next() != nil {}
        guard reader.report.textBytes == 300 * 68_668, ProcessMemory.peakResident! - before < 8 << 20 else {
          exit(1)
        }
      }
    }
  }

  /// As a line, the same ends at the longest line, whatever it grows to.
  @Test(.enabled(if: readsCompressed, skipReason), arguments: ["zeros.gz", "zeros.zst"])
  func f73BombsAreTooLongLines(name: String) throws {
    let scratch = ScratchDirectory()
    let path = scratch.write(
      "a.jsonl" + name.dropFirst(5), Array(repeatElement(try Self.fixture(name), count: 8).joined()))
    var options = ReadingOptions()
    options.longest = 4 << 20
    #expect(
      throws: ReadingError.bad(
        InputPlace(path: path, line: 1), problem: "a line is longer than 4194304 bytes")
    ) {
      try DocumentReader([path], options).next()
    }
  }
}
