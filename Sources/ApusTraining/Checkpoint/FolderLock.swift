// One trainer a folder. The system's lock on a file ends with the process that holds it, whatever ends that; the file
// names the process and the host for people, and for file systems that have no locks.

import ApusBasics
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The lock of a folder, held while this lives.
struct FolderLock: ~Copyable {
  static let fileName = "lock"

  /// Who holds, or held, a lock.
  struct Owner: Equatable {
    var process: Int
    var host: String

    var description: String { "process \(process) on \(host)" }
  }

  private let descriptor: FileDescriptor
  /// The owner whose lock was left behind, if there was one.
  let staleOwner: Owner?

  /// Takes the lock.
  ///
  /// - Throws: `CheckpointError.locked` or `.folder`.
  init(directory: String) throws(CheckpointError) {
    let path = directory + "/" + Self.fileName
    let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard number >= 0 else {
      throw .folder(.system(path: path, operation: "open", reason: errorText(errno)))
    }
    let descriptor = FileDescriptor(owning: number)
    let result = flock(number, LOCK_EX | LOCK_NB)
    let code = result == 0 ? 0 : errno
    let owner = Self.owner(number)
    let me = Owner(process: Int(getpid()), host: Self.hostName)
    let isHeld =
      switch code {
      case 0: false
      case EWOULDBLOCK: true
      default: Self.mayBeHeld(owner, host: me.host) { kill(pid_t($0), 0) == 0 || errno == EPERM }
      }
    guard !isHeld else {
      throw .locked(directory: directory, owner: owner?.description ?? "another process")
    }
    let line = Array("\(me.process) \(me.host)\n".utf8)
    let isWritten =
      ftruncate(number, 0) == 0
      && line.withUnsafeBytes { pwrite(number, $0.baseAddress, $0.count, 0) } == line.count
    guard isWritten else {
      throw .folder(.system(path: path, operation: "write", reason: errorText(errno)))
    }
    self.descriptor = descriptor
    staleOwner = owner
  }

  deinit {
    // The file stays: were it removed, a third trainer could lock a new one while a second waits at the old.
    ftruncate(descriptor.number, 0)
    // Closing would not do while a process that was forked off has the file open as well.
    flock(descriptor.number, LOCK_UN)
  }

  /// Whether the owner named in the file may still be at work, where the file system has no locks. A process of another
  /// host cannot be asked.
  static func mayBeHeld(_ owner: Owner?, host: String, isAlive: (Int) -> Bool) -> Bool {
    guard let owner else { return false }
    return owner.host != host || isAlive(owner.process)
  }

  private static func owner(_ number: Int32) -> Owner? {
    var bytes = [UInt8](repeating: 0, count: 300)
    let count = bytes.withUnsafeMutableBytes { pread(number, $0.baseAddress, $0.count, 0) }
    let words = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(
      whereSeparator: \.isWhitespace)
    guard words.count == 2, let process = Int(words[0]), process > 0, process <= Int(pid_t.max) else {
      return nil
    }
    return Owner(process: process, host: String(words[1]))
  }

  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.isEmpty ? "unknown" : text
  }
}
