// The bytes of a file or pipe, in pieces, as they are on the disk.

import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An open file or pipe and the bytes of it that are read and not used yet.
struct FileInput: ~Copyable {
  let path: String
  private let descriptor: FileDescriptor
  private let memory: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  private(set) var isAtEnd = false
  /// The place in the file of the first byte that is not used yet.
  private(set) var offset = 0

  private static let pieceBytes = 256 << 10

  /// Opens a regular file, waits for the writer of a pipe, and refuses everything else. `-` is standard input.
  init(path: String) throws(FileError) {
    let number: Int32
    if path == "-" {
      number = dup(STDIN_FILENO)
    } else {
      // Looked at before it is opened, because opening some devices does something.
      let kind = FileKind(path)
      guard kind != .folder else { throw .notRegular(path: path, kind: "a directory") }
      guard kind != .other || Self.isPipe(path) else {
        throw .notRegular(path: path, kind: "a device or socket")
      }
      number = open(path, O_RDONLY | O_CLOEXEC)
    }
    guard number >= 0 else { throw .system(path: path, operation: "open", reason: errorText(errno)) }
    self.path = path == "-" ? "standard input" : path
    descriptor = FileDescriptor(owning: number)
    memory = .allocate(byteCount: Self.pieceBytes, alignment: 64)
  }

  deinit {
    memory.deallocate()
  }

  private static func isPipe(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  /// The bytes that are read and not used yet.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[start..<end]) }

  /// Counts `count` of `bytes` as used.
  mutating func use(_ count: Int) {
    precondition(count <= end - start)
    start += count
    offset += count
  }

  /// Reads until there are at least `count` bytes, or no more to come.
  mutating func need(_ count: Int) throws(FileError) {
    while end - start < count, !isAtEnd {
      if start > 0 {
        memmove(memory.baseAddress!, memory.baseAddress! + start, end - start)
        end -= start
        start = 0
      }
      let got = read(descriptor.number, memory.baseAddress! + end, memory.count - end)
      if got < 0 {
        if errno == EINTR { continue }
        throw .system(path: path, operation: "read", reason: errorText(errno))
      }
      if got == 0 { isAtEnd = true }
      end += got
    }
  }
}
