// Writing a file so that its name shows either the old content or the complete new one, whatever happens in
// between: a temporary file in the same directory, write, fsync, rename, fsync of the directory.

import ApusBasics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that appears under its name only when `commit` succeeds.
///
///     var file = try AtomicFile(path: "model.gguf", replacing: false)
///     try file.write(header)
///     try file.commit()
///
/// Without `commit` the temporary file is removed. One left behind by a killed process is removed when the
/// same name is next written: writers hold a lock on theirs, which ends with the process.
package struct AtomicFile: ~Copyable {
  /// The file being replaced, symbolic links resolved: renaming over a link would lose it.
  private let target: String
  private var temporary: TemporaryFile
  /// Bytes written so far.
  package private(set) var byteCount = 0

  /// - Parameters:
  ///   - path: the name to write.
  ///   - replacing: whether an existing file may be replaced.
  ///   - expectedBytes: reserved on the disk at once, so that a full disk shows now; 0 reserves nothing.
  /// - Throws: `FileError`.
  package init(path: String, replacing: Bool, expectedBytes: Int = 0) throws(FileError) {
    var status = stat()
    var mode: mode_t = 0o666
    if stat(path, &status) == 0 {
      try requireRegular(status, path)
      guard replacing else { throw .exists(path: path) }
      mode = status.st_mode & 0o777
    }
    let target = resolvedPath(path)
    let (directory, name) = splitPath(target)
    guard !name.isEmpty else { throw .notRegular(path: path, kind: "a directory") }
    removeStale(directory, name)
    let temporary = try TemporaryFile(directory: directory, name: name, mode: mode, target: path)
    if expectedBytes > 0 { try temporary.descriptor.reserve(expectedBytes, path) }
    self.target = target
    self.temporary = temporary
  }

  /// Appends bytes.
  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    try temporary.descriptor.writeAll(bytes, target)
    byteCount += bytes.count
  }

  /// Appends bytes.
  package mutating func write(_ bytes: [UInt8]) throws(FileError) {
    // Rethrowing through withUnsafeBytes loses the type of the error.
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(FileError) in try temporary.descriptor.writeAll(buffer, target) }
    }
    try result.get()
    byteCount += bytes.count
  }

  /// Writes over bytes that were written before: a header that tells what came after it.
  package mutating func rewrite(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    precondition(offset + bytes.count <= byteCount)
    guard lseek(temporary.descriptor.number, off_t(offset), SEEK_SET) == off_t(offset) else {
      throw .system(path: target, operation: "write", reason: errorText(errno))
    }
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(FileError) in try temporary.descriptor.writeAll(buffer, target) }
    }
    try result.get()
    lseek(temporary.descriptor.number, 0, SEEK_END)
  }

  /// Makes the file appear under its name, complete and on the disk.
  package consuming func commit() throws(FileError) {
    // Space reserved and not used is given back.
    guard ftruncate(temporary.descriptor.number, off_t(byteCount)) == 0 else {
      throw .system(path: target, operation: "write", reason: errorText(errno))
    }
    try temporary.descriptor.synchronise(target)
    guard rename(temporary.path, target) == 0 else {
      throw .system(path: target, operation: "rename the finished file", reason: errorText(errno))
    }
    temporary.renamed = true
    // The name itself is on the disk only after this. Some network file systems cannot; the file is whole.
    let directory = open(splitPath(target).directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }
}

private func splitPath(_ path: String) -> (directory: String, name: String) {
  guard let slash = path.lastIndex(of: "/") else { return (".", path) }
  let directory = String(path[..<slash])
  return (directory.isEmpty ? "/" : directory, String(path[path.index(after: slash)...]))
}

private func resolvedPath(_ path: String) -> String {
  guard let resolved = realpath(path, nil) else { return path }
  defer { free(resolved) }
  return String(cString: resolved)
}

private func temporaryPrefix(_ name: String) -> String { "." + name + ".tmp." }

/// A locked file under a name of its own, removed when its owner ends (unless renamed by then).
private struct TemporaryFile: ~Copyable {
  let path: String
  let descriptor: FileDescriptor
  /// Its name may by now belong to another writer of this process.
  var renamed = false

  init(directory: String, name: String, mode: mode_t, target: String) throws(FileError) {
    for attempt in 0..<1000 {
      let path = "\(directory)/\(temporaryPrefix(name))\(getpid()).\(attempt)"
      let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
      if number < 0 {
        if errno == EEXIST { continue }
        throw .system(path: target, operation: "create", reason: errorText(errno))
      }
      let descriptor = FileDescriptor(owning: number)
      // Between open and lock a sweeper may have taken it for stale and removed it. A file system without
      // locks has no sweeper either.
      if flock(number, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { continue }
      guard try descriptor.status(path).st_nlink > 0 else { continue }
      self.path = path
      self.descriptor = descriptor
      return
    }
    throw .system(path: target, operation: "create", reason: "all temporary names are taken")
  }

  deinit {
    if !renamed { unlink(path) }
  }
}

/// Removes temporary files of this name whose writer is gone.
private func removeStale(_ directory: String, _ name: String) {
  guard let listing = opendir(directory) else { return }
  defer { closedir(listing) }
  while let entry = readdir(listing) {
    let candidate = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    guard candidate.hasPrefix(temporaryPrefix(name)) else { continue }
    let path = directory + "/" + candidate
    let number = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard number >= 0 else { continue }
    if flock(number, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
    close(number)
  }
}
