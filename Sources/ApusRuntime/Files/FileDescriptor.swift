// An open file of the system with one owner, and the few calls on it that need care: interrupted calls are
// repeated, partial writes continued, and the kind of the file is checked before anything is read.

import CApusPlatform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An open file, closed when its owner ends.
package struct FileDescriptor: ~Copyable, Sendable {
  /// The system's number for it.
  package let number: Int32

  /// Takes over an open descriptor.
  package init(owning number: Int32) {
    self.number = number
  }

  deinit {
    close(number)
  }

  /// Opens a regular file for reading. A pipe is refused, not waited for.
  ///
  /// - Throws: `FileError.system` or `.notRegular`.
  package static func openRegular(_ path: String) throws(FileError) -> FileDescriptor {
    // Looked at before it is opened, because opening some devices does something.
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .system(path: path, operation: "open", reason: errorText(errno))
    }
    try requireRegular(status, path)
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else {
      throw .system(path: path, operation: "open", reason: errorText(errno))
    }
    let file = FileDescriptor(owning: number)
    try requireRegular(file.status(path), path)
    return file
  }

  /// Opens what is there for writing, also a device or a pipe.
  ///
  /// - Throws: `FileError.system`.
  package static func openForWriting(_ path: String) throws(FileError) -> FileDescriptor {
    let number = open(path, O_WRONLY | O_CLOEXEC)
    guard number >= 0 else { throw .system(path: path, operation: "open", reason: errorText(errno)) }
    return FileDescriptor(owning: number)
  }

  /// The system's record of the open file; `path` is for the error.
  package func status(_ path: String) throws(FileError) -> stat {
    var status = stat()
    guard fstat(number, &status) == 0 else {
      throw .system(path: path, operation: "examine", reason: errorText(errno))
    }
    return status
  }

  /// Writes all of `bytes` at the current position.
  package func writeAll(_ bytes: UnsafeRawBufferPointer, _ path: String) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let written = write(number, bytes.baseAddress! + done, bytes.count - done)
      if written < 0 {
        if errno == EINTR { continue }
        throw .system(path: path, operation: "write", reason: errorText(errno))
      }
      done += written
    }
  }

  /// Takes room on the disk for the first `bytes` bytes, so that a full disk shows before anything is written.
  package func reserve(_ bytes: Int, _ path: String) throws(FileError) {
    let failure = apus_reserve(number, Int64(bytes))
    guard failure == 0 else {
      throw .system(
        path: path, operation: "reserve \(bytes) bytes (\(byteText(bytes)))", reason: errorText(failure))
    }
  }

  /// Brings everything written to the disk, as far as the disk admits.
  package func synchronise(_ path: String) throws(FileError) {
    #if canImport(Darwin)
      // fsync on macOS leaves the data in the drive's cache.
      if fcntl(number, F_FULLFSYNC) == 0 { return }
    #endif
    while fsync(number) != 0 {
      if errno == EINTR { continue }
      throw .system(path: path, operation: "save to disk", reason: errorText(errno))
    }
  }
}

/// Throws `FileError.notRegular` for anything but a regular file.
func requireRegular(_ status: stat, _ path: String) throws(FileError) {
  let kind: String
  switch status.st_mode & S_IFMT {
  case S_IFREG: return
  case S_IFDIR: kind = "a directory"
  case S_IFIFO: kind = "a pipe"
  case S_IFCHR, S_IFBLK: kind = "a device"
  case S_IFSOCK: kind = "a socket"
  default: kind = "something else"
  }
  throw .notRegular(path: path, kind: kind)
}
