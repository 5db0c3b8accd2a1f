// Where tests find files: the fixtures of this package, and the shared data beside it that may not be there.

import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Real models, vocabularies and texts that are not part of the package. Tests that need one skip without it:
///
///     @Test(.enabled(if: SharedData.has("models/babyllama-105.gguf"), SharedData.reason))
package enum SharedData {
  /// `APUS_SHARED`, or `shared` beside the package.
  package static let directory: String = {
    if let path = getenv("APUS_SHARED") { return String(cString: path) }
    return packageDirectory + "/../shared"
  }()

  /// Why a test without shared data is skipped.
  package static let reason: Comment = "needs the shared data (../shared or APUS_SHARED)"

  /// Whether `file`, such as `vocab/ggml-vocab-gpt-2.gguf`, is there.
  package static func has(_ file: String) -> Bool { access(path(file), R_OK) == 0 }

  /// The path of `file`.
  package static func path(_ file: String) -> String { directory + "/" + file }
}

/// Files committed under Tests/Fixtures, written by the scripts beside them.
package enum Fixtures {
  /// The path of `file`.
  package static func path(_ file: String) -> String { packageDirectory + "/Tests/Fixtures/" + file }
}

/// A new directory for a test's files, removed with all that is in it when the object ends.
package final class ScratchDirectory: Sendable {
  /// Its path.
  package let path: String

  /// Makes one in the system's temporary directory.
  package init() {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var name = Array((base + "/apus-test-XXXXXX").utf8CString)
    guard let made = mkdtemp(&name) else { fatalError("cannot make a directory in \(base)") }
    path = String(cString: made)
  }

  deinit { removeFolder(path) }

  /// The path of a file in it.
  package func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file into it and returns its path.
  @discardableResult
  package func write(_ name: String, _ bytes: [UInt8]) -> String {
    let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    var done = 0
    bytes.withUnsafeBytes { buffer in
      while done < buffer.count {
        let written = Self.put(descriptor, buffer.baseAddress! + done, buffer.count - done)
        guard written > 0 else { fatalError("cannot write \(name)") }
        done += written
      }
    }
    close(descriptor)
    return file(name)
  }

  /// The names of the files in it, sorted.
  package var names: [String] {
    guard let listing = opendir(path) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func put(_ descriptor: Int32, _ start: UnsafeRawPointer, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, start, count)
    #elseif canImport(Musl)
      Musl.write(descriptor, start, count)
    #else
      Darwin.write(descriptor, start, count)
    #endif
  }
}

/// All bytes of a file, or nil when it cannot be read.
package func readFile(_ path: String) -> [UInt8]? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&chunk, 1, chunk.count, file)
    if count == 0 { return bytes }
    bytes.append(contentsOf: chunk[..<count])
  }
}

private let packageDirectory: String = {
  let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
  return parts.dropLast(3).joined(separator: "/")  // Tests/ApusTestSupport/SharedData.swift
}()
