// A file seen as memory. Model files are read this way: opening costs nothing, pages come when touched and
// are shared between processes. The price is that the file can change underneath: see `verifyUnchanged`,
// and ProcessFaults for the case that it shrinks.

import CApusPlatform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A regular file, mapped read-only for as long as this object lives.
public final class MappedFile: @unchecked Sendable {
  /// The path it was opened with.
  public let path: String
  /// Its bytes. An empty file has none.
  package let bytes: UnsafeRawBufferPointer

  /// How many bytes it has.
  public var byteCount: Int { bytes.count }

  private let descriptor: FileDescriptor
  private let identity: Identity
  private let slot: Int32

  /// What must stay the same while the file is in use.
  private struct Identity: Equatable {
    var device: UInt64
    var inode: UInt64
    var size: Int
    var seconds: Int
    var nanoseconds: Int

    init(_ status: stat) {
      device = UInt64(truncatingIfNeeded: status.st_dev)
      inode = UInt64(truncatingIfNeeded: status.st_ino)
      size = Int(status.st_size)
      #if canImport(Darwin)
        seconds = status.st_mtimespec.tv_sec
        nanoseconds = status.st_mtimespec.tv_nsec
      #else
        seconds = Int(status.st_mtim.tv_sec)
        nanoseconds = Int(status.st_mtim.tv_nsec)
      #endif
    }
  }

  /// Maps a file.
  ///
  /// - Throws: `FileError.notRegular` for a directory, pipe, device or socket; `.system` when it cannot be
  ///   opened or mapped.
  public init(path: String) throws(FileError) {
    let descriptor = try FileDescriptor.openRegular(path)
    let identity = Identity(try descriptor.status(path))
    var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    var slot: Int32 = -1
    if identity.size > 0 {
      let start = mmap(nil, identity.size, PROT_READ, MAP_SHARED, descriptor.number, 0)
      guard let start, start != MAP_FAILED else {
        throw .system(path: path, operation: "map \(identity.size) bytes", reason: errorText(errno))
      }
      slot = apus_name_mapping(start, identity.size, path)
      bytes = UnsafeRawBufferPointer(start: start, count: identity.size)
    }
    self.path = path
    self.descriptor = descriptor
    self.identity = identity
    self.bytes = bytes
    self.slot = slot
  }

  deinit {
    if let start = bytes.baseAddress {
      apus_forget_mapping(slot)
      munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
  }

  /// Throws `FileError.changed` when the file was written, truncated or replaced since it was mapped. A file
  /// that was only deleted stays whole for those who have it open. Costs two system calls.
  public func verifyUnchanged() throws(FileError) {
    try verifyContents()
    var named = stat()
    guard stat(path, &named) == 0 else { return }
    let other = Identity(named)
    if other.device != identity.device || other.inode != identity.inode {
      throw .changed(path: path, what: "was replaced by another file")
    }
  }

  /// Throws `FileError.changed` when the bytes that are mapped were written or truncated. Another file may have taken the
  /// name: for those who want the bytes they opened and not the newest. Costs one system call.
  public func verifyContents() throws(FileError) {
    let now = Identity(try descriptor.status(path))
    if now.size != identity.size {
      throw .changed(path: path, what: "changed size from \(identity.size) to \(now.size) bytes")
    }
    if now != identity { throw .changed(path: path, what: "was written to") }
  }

  /// How a range is about to be used.
  package enum Access: Sendable {
    /// Soon: the system starts reading it now.
    case soon
    /// From front to back: the system reads ahead further.
    case sequential
    /// No longer: its pages may be dropped first.
    case done
  }

  /// Tells the system how `range` is about to be used. Only a hint; errors mean nothing.
  package func advise(_ access: Access, _ range: Range<Int>) {
    let range = range.clamped(to: 0..<bytes.count)
    guard !range.isEmpty, let base = bytes.baseAddress else { return }
    let page = max(4096, sysconf(Int32(_SC_PAGESIZE)))
    let start = range.lowerBound / page * page
    let advice =
      switch access {
      case .soon: MADV_WILLNEED
      case .sequential: MADV_SEQUENTIAL
      case .done: MADV_DONTNEED
      }
    madvise(UnsafeMutableRawPointer(mutating: base + start), range.upperBound - start, Int32(advice))
  }
}
