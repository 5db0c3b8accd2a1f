// A file that only grows, record by record: each is written by one call, so that a process that is killed leaves whole
// ones; a record the disk had no room for is taken back.

import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is open for appending.
struct AppendedFile: ~Copyable, Sendable {
  let path: String
  private let descriptor: FileDescriptor
  private var byteCount: Int

  /// Opens or makes a file and cuts it off after `keeping(bytes)` bytes.
  init(path: String, keeping: (UnsafeRawBufferPointer) -> Int) throws(FileError) {
    let number = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard number >= 0 else { throw .system(path: path, operation: "open", reason: errorText(errno)) }
    let descriptor = FileDescriptor(owning: number)
    let file = try MappedFile(path: path)
    let kept = withExtendedLifetime(file) { keeping(file.bytes) }
    guard ftruncate(number, off_t(kept)) == 0 else {
      throw .system(path: path, operation: "cut", reason: errorText(errno))
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = kept
  }

  /// Appends a record, whole or not at all.
  mutating func append(_ record: [UInt8]) throws(FileError) {
    let result = record.withUnsafeBytes { bytes in
      Result { () throws(FileError) in try descriptor.writeAll(bytes, path) }
    }
    do throws(FileError) {
      try result.get()
      byteCount += record.count
    } catch {
      ftruncate(descriptor.number, off_t(byteCount))
      throw error
    }
  }
}
