// Writing a model folder so that no reader ever takes half of one for a model: its files are made in a folder beside it,
// or in it where it exists, and moved when all of them are complete, config.json last.

import ApusBasics
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Makes a folder unless it is there.
///
/// - Throws: `FileError`.
package func makeFolder(_ path: String) throws(FileError) {
  guard mkdir(path, 0o777) != 0, errno != EEXIST else { return }
  throw .system(path: path, operation: "make the folder", reason: errorText(errno))
}

/// A model folder being written.
///
///     let folder = try StagedFolder("model", replacing: false)
///     // … write files into folder.path …
///     try folder.commit()
///
/// Without `commit` nothing is left behind. What a killed process leaves is removed when the same folder is next
/// written: a writer holds a lock on its files' folder, which ends with the process.
package struct StagedFolder: ~Copyable {
  private let target: String
  private let targetExists: Bool
  /// Where files are written.
  package let path: String
  private let lock: FileDescriptor

  /// - Parameters:
  ///   - target: the folder to write.
  ///   - replacing: whether a folder that has files may get others. Only a model's files are replaced or removed.
  /// - Throws: `FileError`.
  package init(_ target: String, replacing: Bool) throws(FileError) {
    var target = target
    while target.count > 1, target.hasSuffix("/") { target.removeLast() }
    let kind = FileKind(target)
    guard kind == .none || kind == .folder else {
      throw .notRegular(path: target, kind: "a file, and a folder is to be written")
    }
    let exists = kind == .folder
    if exists, !replacing, !names(in: target).isEmpty { throw .exists(path: target) }
    let (directory, prefix) = Self.place(target, isInside: exists)
    removeStaleFolders(directory, prefix)
    for attempt in 0..<1000 {
      let path = "\(directory)/\(prefix)\(getpid()).\(attempt)"
      guard mkdir(path, 0o777) == 0 else {
        if errno == EEXIST { continue }
        throw .system(path: target, operation: "create", reason: errorText(errno))
      }
      let number = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
      // Between these calls a sweeper may have taken it for stale and removed it.
      guard number >= 0 else { continue }
      let descriptor = FileDescriptor(owning: number)
      if flock(number, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { continue }
      guard FileKind(path) == .folder else { continue }
      self.target = target
      targetExists = exists
      self.path = path
      lock = descriptor
      return
    }
    throw .system(path: target, operation: "create", reason: "all temporary names are taken")
  }

  /// Where the files' folder goes, and how its name begins.
  private static func place(_ target: String, isInside: Bool) -> (directory: String, prefix: String) {
    if isInside { return (target, ".apus.tmp.") }
    guard let slash = target.lastIndex(of: "/") else { return (".", ".\(target).tmp.") }
    let directory = String(target[..<slash])
    return (directory.isEmpty ? "/" : directory, ".\(target[target.index(after: slash)...]).tmp.")
  }

  /// Gives the folder its name, or its files their places, all of them on the disk.
  ///
  /// A process that ends in the middle of the moving leaves a folder without config.json, which no reader takes for a
  /// model.
  package consuming func commit() throws(FileError) {
    if targetExists {
      let new = names(in: path)
      try remove(Self.configuration)
      for name in names(in: target) where Self.isWeights(name) && !new.contains(name) { try remove(name) }
      for name in new where name != Self.configuration { try move(name) }
      synchronise(target)
      if new.contains(Self.configuration) { try move(Self.configuration) }
      synchronise(target)
    } else {
      synchronise(path)
      guard rename(path, target) == 0 else {
        throw .system(path: target, operation: "rename the finished folder", reason: errorText(errno))
      }
      synchronise(Self.place(target, isInside: false).directory)
    }
  }

  private static let configuration = "config.json"

  /// Weights of an earlier model, which would be read instead of, or with, the new one's.
  private static func isWeights(_ name: String) -> Bool {
    name == "model.safetensors" || name == "model.safetensors.index.json"
      || name.hasPrefix("model-") && name.hasSuffix(".safetensors")
  }

  private func remove(_ name: String) throws(FileError) {
    guard unlink("\(target)/\(name)") != 0, errno != ENOENT else { return }
    throw .system(path: "\(target)/\(name)", operation: "remove", reason: errorText(errno))
  }

  private func move(_ name: String) throws(FileError) {
    guard rename("\(path)/\(name)", "\(target)/\(name)") != 0 else { return }
    throw .system(path: "\(target)/\(name)", operation: "rename the finished file", reason: errorText(errno))
  }

  deinit { removeFolder(path) }
}

/// Brings a folder's names to the disk. Some network file systems cannot; the files are whole.
private func synchronise(_ folder: String) {
  let number = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
  guard number >= 0 else { return }
  fsync(number)
  close(number)
}

private func names(in folder: String) -> [String] {
  guard let listing = opendir(folder) else { return [] }
  defer { closedir(listing) }
  var names: [String] = []
  while let entry = readdir(listing) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// Removes a folder of files; one that is gone, or has folders in it, stays as it is.
private func removeFolder(_ path: String) {
  for name in names(in: path) { unlink("\(path)/\(name)") }
  rmdir(path)
}

/// Removes folders of this name whose writer is gone.
private func removeStaleFolders(_ directory: String, _ prefix: String) {
  for name in names(in: directory) where name.hasPrefix(prefix) {
    let path = "\(directory)/\(name)"
    let number = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW)
    guard number >= 0 else { continue }
    if flock(number, LOCK_EX | LOCK_NB) == 0 { removeFolder(path) }
    close(number)
  }
}
