// Disks that go wrong: one that fails at the n-th call, one that loses at a power cut what was not synchronised.

import ApusRuntime
import Synchronization

@testable import ApusTraining

/// The file system, but the call with the given number fails, or all from there on. Nothing is synchronised: tests are
/// not there to wait for a disk.
final class FailingDisk: FileOperations {
  let failingCall: Int
  let staysBroken: Bool
  private let calls = Mutex(0)

  init(failingCall: Int, staysBroken: Bool = false) {
    self.failingCall = failingCall
    self.staysBroken = staysBroken
  }

  /// Calls so far.
  var callCount: Int { calls.withLock { $0 } }

  private func count(_ path: String) throws(FileError) {
    let call = calls.withLock { calls in
      calls += 1
      return calls
    }
    guard call == failingCall || staysBroken && call > failingCall else { return }
    throw .system(path: path, operation: "call \(call)", reason: "No space left on device")
  }

  private let disk = SystemFileOperations()

  func makeDirectory(_ path: String) throws(FileError) {
    try count(path)
    try disk.makeDirectory(path)
  }
  func create(_ path: String) throws(FileError) -> FileDescriptor {
    try count(path)
    return try disk.create(path)
  }
  func reserve(_ file: borrowing FileDescriptor, _ bytes: Int, _ path: String) throws(FileError) {
    try count(path)
    try disk.reserve(file, bytes, path)
  }
  func write(_ file: borrowing FileDescriptor, _ bytes: UnsafeRawBufferPointer, _ path: String)
    throws(FileError)
  {
    do throws(FileError) { try count(path) } catch {
      // Half of it arrives.
      try disk.write(file, UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]), path)
      throw error
    }
    try disk.write(file, bytes, path)
  }
  func synchronise(_ file: borrowing FileDescriptor, _ path: String) throws(FileError) { try count(path) }
  func synchroniseDirectory(_ path: String) throws(FileError) { try count(path) }
  func rename(_ old: String, _ new: String) throws(FileError) {
    try count(old)
    try disk.rename(old, new)
  }
  func remove(_ path: String) throws(FileError) {
    try count(path)
    try disk.remove(path)
  }
  func removeDirectory(_ path: String) throws(FileError) {
    try count(path)
    try disk.removeDirectory(path)
  }
}
