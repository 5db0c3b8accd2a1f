// A disk that remembers what of it would survive a power cut: the bytes of a file that were synchronised, and of others
// nothing, some or zeros; the changes to a folder's names up to its last synchronisation, and any number of later ones in
// order. That is the least that file systems with a journal promise.

import ApusRuntime
import ApusTestSupport
import Synchronization

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file system until the power is cut; then every call fails.
final class PowerCutDisk: FileOperations {
  private enum Change {
    case link(String, Int)
    case unlink(String)
    case rename(String, String)
  }

  private struct File {
    var bytes: [UInt8] = []
    var synchronised = 0
  }

  private struct Folder {
    var changes: [Change] = []
    var synchronised = 0
  }

  private struct State {
    var calls = 0
    var files: [Int: File] = [:]
    var folders: [Int: Folder] = [0: Folder()]
    /// By path, as they are seen now.
    var numbers: [String: Int]
    var next = 1
  }

  private let root: String
  private let lastCall: Int
  private let state: Mutex<State>
  private let disk = SystemFileOperations()

  /// - Parameters:
  ///   - root: an empty folder.
  ///   - lastCall: calls that succeed.
  init(root: String, lastCall: Int) {
    self.root = root
    self.lastCall = lastCall
    state = Mutex(State(numbers: [root: 0]))
  }

  private func note(_ path: String, _ body: (inout State) -> Void) throws(FileError) {
    let isOn = state.withLock { state in
      state.calls += 1
      guard state.calls <= lastCall else { return false }
      body(&state)
      return true
    }
    if !isOn { throw .system(path: path, operation: "reach", reason: "the power is cut") }
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    let slash = path.lastIndex(of: "/")!
    return (String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  private static func change(_ state: inout State, _ path: String, _ change: Change) {
    state.folders[state.numbers[split(path).folder]!]!.changes.append(change)
  }

  func makeDirectory(_ path: String) throws(FileError) {
    try note(path) { state in
      state.folders[state.next] = Folder()
      Self.change(&state, path, .link(Self.split(path).name, state.next))
      state.numbers[path] = state.next
      state.next += 1
    }
    try disk.makeDirectory(path)
  }
  func create(_ path: String) throws(FileError) -> FileDescriptor {
    try note(path) { state in
      state.files[state.next] = File()
      Self.change(&state, path, .link(Self.split(path).name, state.next))
      state.numbers[path] = state.next
      state.next += 1
    }
    return try disk.create(path)
  }
  func reserve(_ file: borrowing FileDescriptor, _ bytes: Int, _ path: String) throws(FileError) {}
  func write(_ file: borrowing FileDescriptor, _ bytes: UnsafeRawBufferPointer, _ path: String)
    throws(FileError)
  {
    try note(path) { state in state.files[state.numbers[path]!]!.bytes += bytes }
    try disk.write(file, bytes, path)
  }
  func synchronise(_ file: borrowing FileDescriptor, _ path: String) throws(FileError) {
    try note(path) { state in
      let number = state.numbers[path]!
      state.files[number]!.synchronised = state.files[number]!.bytes.count
    }
  }
  func synchroniseDirectory(_ path: String) throws(FileError) {
    try note(path) { state in
      let number = state.numbers[path]!
      state.folders[number]!.synchronised = state.folders[number]!.changes.count
    }
  }
  func rename(_ old: String, _ new: String) throws(FileError) {
    try note(old) { state in
      Self.change(&state, old, .rename(Self.split(old).name, Self.split(new).name))
      for (path, number) in state.numbers where path == old || path.hasPrefix(old + "/") {
        state.numbers[path] = nil
        state.numbers[new + path.dropFirst(old.count)] = number
      }
    }
    try disk.rename(old, new)
  }
  func remove(_ path: String) throws(FileError) {
    try note(path) { state in
      Self.change(&state, path, .unlink(Self.split(path).name))
      state.numbers[path] = nil
    }
    try disk.remove(path)
  }
  func removeDirectory(_ path: String) throws(FileError) {
    try note(path) { state in
      Self.change(&state, path, .unlink(Self.split(path).name))
      state.numbers[path] = nil
    }
    try disk.removeDirectory(path)
  }

  /// Writes what has survived into an empty folder; `seed` chooses among what may have.
  func survivors(into target: String, seed: UInt64) throws {
    var random = Philox.Sequence(key: seed)
    let state = state.withLock { $0 }
    // Chosen once for each folder and file, so that all their names show the same.
    func restore(_ number: Int, _ path: String) throws {
      guard let folder = state.folders[number] else { return }
      var names: [String: Int] = [:]
      let count = folder.synchronised + random.below(folder.changes.count - folder.synchronised + 1)
      for change in folder.changes[..<count] {
        switch change {
        case .link(let name, let number): names[name] = number
        case .unlink(let name): names[name] = nil
        case .rename(let old, let new): names[new] = names.removeValue(forKey: old)
        }
      }
      for (name, number) in names.sorted(by: { $0.key < $1.key }) {
        if let file = state.files[number] {
          let lost = file.bytes.count - file.synchronised
          var bytes = Array(file.bytes[..<file.synchronised])
          switch random.below(3) {
          case 0: break
          case 1: bytes += [UInt8](repeating: 0, count: lost)
          default: bytes += file.bytes[file.synchronised...].prefix(random.below(lost + 1))
          }
          try writeFile(path + "/" + name, bytes)
        } else {
          mkdir(path + "/" + name, 0o777)
          try restore(number, path + "/" + name)
        }
      }
    }
    try restore(0, target)
  }
}

extension Philox {
  /// Numbers one after the other.
  struct Sequence {
    private let philox: Philox
    private var counter: UInt64 = 0

    init(key: UInt64) { philox = Philox(key: key) }

    /// A number from 0 up to but not `limit`.
    mutating func below(_ limit: Int) -> Int {
      counter += 1
      return Int(philox.block(counter)[0]) % limit
    }
  }
}
