// The texts of a folder: every file that is text, in an order that does not depend on the file system.

import ApusBasics
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file of a folder.
public struct TextFile: Sendable, Hashable {
  /// Its path from the folder.
  public let name: String
  /// A number that changes when the file does: of its size and the time it was written.
  public let stamp: UInt64
  /// Bytes it has.
  public let byteCount: Int
}

/// A file that was left out, and why.
public struct SkippedFile: Sendable, Hashable {
  /// Its path from the folder.
  public let name: String
  /// The reason, to follow the name.
  public let reason: String
}

/// A folder with texts.
public struct TextFolder: Sendable {
  /// The folder's path.
  public let path: String
  /// Its files, by name.
  public private(set) var files: [TextFile] = []
  /// What was left out, by name.
  public private(set) var skipped: [SkippedFile] = []

  /// Larger files are no texts that a person searches.
  public static let largestFile = 64 << 20
  private static let deepest = 64

  /// Lists the folder at `path` and all folders in it. Names that begin with a dot and symbolic links are passed over.
  ///
  /// - Throws: `FileError` when the folder cannot be read.
  public init(_ path: String) throws(FileError) {
    self.path = path
    try list("", depth: 0)
    files.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    skipped.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private mutating func list(_ prefix: String, depth: Int) throws(FileError) {
    let folder = prefix.isEmpty ? path : path + "/" + prefix.dropLast()
    guard let directory = opendir(folder) else {
      let reason = errorText(errno)
      guard prefix.isEmpty else {
        skipped.append(SkippedFile(name: prefix, reason: "cannot be read: \(reason)"))
        return
      }
      throw .system(path: folder, operation: "read the folder", reason: reason)
    }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(".") { continue }
      var status = stat()
      guard lstat(folder + "/" + name, &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        if depth < Self.deepest {
          try list(prefix + name + "/", depth: depth + 1)
        } else {
          skipped.append(
            SkippedFile(name: prefix + name, reason: "lies more than \(Self.deepest) folders deep"))
        }
      case S_IFREG: add(prefix + name, status)
      default: break
      }
    }
  }

  private mutating func add(_ name: String, _ status: stat) {
    let size = Int(status.st_size)
    guard size > 0 else { return }
    guard size <= Self.largestFile else {
      skipped.append(SkippedFile(name: name, reason: "has \(size) bytes, more than \(Self.largestFile)"))
      return
    }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    var stamp: UInt64 = 0xCBF2_9CE4_8422_2325
    for value in [size, time.tv_sec, time.tv_nsec] {
      stamp = (stamp ^ UInt64(truncatingIfNeeded: value)) &* 0x100_0000_01B3
    }
    files.append(TextFile(name: name, stamp: stamp, byteCount: size))
  }

  /// The text of a file, or why it is none.
  ///
  /// - Throws: `FileError` when it cannot be read.
  func text(of file: TextFile) throws(FileError) -> Result<[UInt8], NotText> {
    let mapping = try MappedFile(path: path + "/" + file.name)
    let bytes = Array(mapping.bytes)
    if bytes.contains(0) { return .failure(NotText(reason: "is not text")) }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      return .failure(NotText(reason: "is not UTF-8"))
    }
    return .success(bytes)
  }

  /// Why a file is left out.
  struct NotText: Error {
    let reason: String
  }
}
