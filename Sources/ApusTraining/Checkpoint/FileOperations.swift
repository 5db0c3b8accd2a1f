// What saving a checkpoint asks of the file system, as a protocol: tests put a disk in its place that fails at any call,
// or that loses at a power cut what was not synchronised.

import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The calls by which a checkpoint reaches the disk. Each does one thing, or throws `FileError.system`.
protocol FileOperations: Sendable {
  func makeDirectory(_ path: String) throws(FileError)
  /// Opens a file that does not exist yet for writing.
  func create(_ path: String) throws(FileError) -> FileDescriptor
  /// Takes room for a file, so that a full disk shows before anything is written.
  func reserve(_ file: borrowing FileDescriptor, _ bytes: Int, _ path: String) throws(FileError)
  func write(
    _ file: borrowing FileDescriptor, _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws(FileError)
  func synchronise(_ file: borrowing FileDescriptor, _ path: String) throws(FileError)
  /// Brings the names in a folder to the disk.
  func synchroniseDirectory(_ path: String) throws(FileError)
  func rename(_ old: String, _ new: String) throws(FileError)
  func remove(_ path: String) throws(FileError)
  func removeDirectory(_ path: String) throws(FileError)
}

/// The file system itself.
struct SystemFileOperations: FileOperations {
  func makeDirectory(_ path: String) throws(FileError) {
    try check(mkdir(path, 0o777), path, "make the folder")
  }

  func create(_ path: String) throws(FileError) -> FileDescriptor {
    let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    try check(number, path, "create")
    return FileDescriptor(owning: number)
  }

  func reserve(_ file: borrowing FileDescriptor, _ bytes: Int, _ path: String) throws(FileError) {
    if bytes > 0 { try file.reserve(bytes, path) }
  }

  func write(
    _ file: borrowing FileDescriptor, _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws(FileError) {
    try file.writeAll(bytes, path)
  }

  func synchronise(_ file: borrowing FileDescriptor, _ path: String) throws(FileError) {
    try file.synchronise(path)
  }

  func synchroniseDirectory(_ path: String) throws(FileError) {
    let number = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    try check(number, path, "open")
    try FileDescriptor(owning: number).synchronise(path)
  }

  func rename(_ old: String, _ new: String) throws(FileError) {
    #if canImport(Glibc)
      try check(Glibc.rename(old, new), old, "rename")
    #elseif canImport(Musl)
      try check(Musl.rename(old, new), old, "rename")
    #else
      try check(Darwin.rename(old, new), old, "rename")
    #endif
  }

  func remove(_ path: String) throws(FileError) {
    try check(unlink(path), path, "remove")
  }

  func removeDirectory(_ path: String) throws(FileError) {
    try check(rmdir(path), path, "remove the folder")
  }

  private func check(_ result: Int32, _ path: String, _ operation: String) throws(FileError) {
    guard result < 0 else { return }
    throw .system(path: path, operation: operation, reason: errorText(errno))
  }
}
