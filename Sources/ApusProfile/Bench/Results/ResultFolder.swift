// Where results are kept: a folder with a JSON file for each name.

import ApusBasics
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder of results.
package struct ResultFolder: Sendable {
  /// In the current folder: results belong to the work at hand, as `.build` does.
  package static let standard = ".apus-bench"
  /// Characters of a name.
  package static let longestName = 100
  /// Bytes of a file that is read: a thousand times what a run leaves.
  private static let largest = 256 << 20

  package let path: String

  package init(_ path: String = standard) { self.path = path }

  /// The file of a name.
  ///
  /// - Throws: `BenchError.name` for one that would be another folder, or hidden.
  package func file(_ name: String) throws(BenchError) -> String {
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard isPlain, !name.isEmpty, name.utf8.count <= Self.longestName, !name.hasPrefix("."),
      !name.hasPrefix("-")
    else { throw .name(name) }
    return "\(path)/\(name).json"
  }

  /// Makes the folder, and shows that it can be written to: before minutes of measuring, not after.
  ///
  /// - Throws: `FileError`.
  package func prepare() throws(FileError) {
    if mkdir(path, 0o777) != 0, errno != EEXIST {
      throw .system(path: path, operation: "make the folder", reason: errorText(errno))
    }
    guard case .folder = FileKind(path) else { throw .notRegular(path: path, kind: "a file") }
    // Without commit nothing is left.
    _ = try AtomicFile(path: "\(path)/writable", replacing: true)
  }

  /// Saves under the record's name, over one of the same name.
  package func save(_ record: BenchRecord) throws {
    var file = try AtomicFile(path: try file(record.name), replacing: true)
    try file.write(Array((record.json.serialized() + "\n").utf8))
    try file.commit()
  }

  /// - Throws: `BenchError`, `FileError`.
  package func load(_ name: String) throws -> BenchRecord {
    let file = try file(name)
    guard case .file = FileKind(file) else {
      throw BenchError.missing(name: name, folder: path, saved: names)
    }
    return try Self.read(file)
  }

  /// The result in a file.
  package static func read(_ path: String) throws -> BenchRecord {
    let file = try MappedFile(path: path)
    guard file.bytes.count > 0 else { throw BenchError.damaged(path: path, problem: "it is empty") }
    guard file.bytes.count <= largest else {
      throw BenchError.damaged(path: path, problem: "it has \(sizeText(file.bytes.count))")
    }
    let document: JSONValue
    do {
      document = try JSONValue(parsing: file.bytes)
    } catch {
      throw BenchError.damaged(path: path, problem: error.description)
    }
    return try BenchRecord(document, path: path)
  }

  /// What is saved, by name; empty where there is no folder.
  package var names: [String] {
    guard let listing = opendir(path) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".json"), !name.hasPrefix(".") { names.append(String(name.dropLast(5))) }
    }
    return names.sorted()
  }

  /// All results that can be read, oldest first, and what is wrong with the others.
  package func all() -> (records: [BenchRecord], problems: [String]) {
    var records: [BenchRecord] = []
    var problems: [String] = []
    for name in names {
      do {
        records.append(try load(name))
      } catch {
        problems.append((error as? any ApusError)?.description ?? "\(error)")
      }
    }
    return (records.sorted { ($0.time, $0.name) < ($1.time, $1.name) }, problems)
  }
}
