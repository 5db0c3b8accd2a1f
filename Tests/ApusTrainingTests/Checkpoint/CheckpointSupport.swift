// What the tests of checkpoints share: a folder with folders in it, checkpoints whose every byte follows from their
// step, and a look at whether one is whole that does not use the code under test.

import ApusBasics
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A new folder, removed with all that is in it.
final class RunFolder {
  let path: String

  /// - Parameter inMemory: where a disk is not what is tested, in the system's memory if that has files.
  init(inMemory: Bool = false) {
    let memory = "/dev/shm"
    let base =
      inMemory && access(memory, W_OK) == 0
      ? memory : getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var name = Array((base + "/apus-run-XXXXXX").utf8CString)
    guard let made = mkdtemp(&name) else { fatalError("cannot make a folder in \(base)") }
    path = String(cString: made)
  }

  deinit { removeFolder(path) }

  /// The names in it, sorted.
  var names: [String] { (try? CheckpointFolder.names(in: path).sorted()) ?? [] }

  func store(
    keepLast: Int = 2, keepBest: Int = 0, _ operations: any FileOperations = SystemFileOperations()
  ) throws(CheckpointError) -> CheckpointStore {
    try CheckpointStore(directory: path, keepLast: keepLast, keepBest: keepBest, operations: operations)
  }

  func read(_ name: String) -> String? {
    readFile(path + "/" + name).map { String(decoding: $0, as: UTF8.self) }
  }

  func write(_ name: String, _ bytes: [UInt8]) throws { try writeFile(path + "/" + name, bytes) }

  /// Changes one bit of a file.
  func flip(_ name: String, at offset: Int) throws {
    guard var bytes = readFile(path + "/" + name) else { fatalError("no file \(name)") }
    bytes[offset < 0 ? bytes.count + offset : offset] ^= 4
    try write(name, bytes)
  }
}

/// The files of a checkpoint: each byte follows from step and name.
func sampleFiles(_ step: Int, byteCount: Int = 3000) -> [CheckpointFile] {
  [("model.safetensors", byteCount), ("optimizer.safetensors", 2 * byteCount), ("config.json", 17)].map {
    name, count in
    CheckpointFile(name, byteCount: count) { sink throws(FileError) in
      let bytes = sampleBytes(step, name, count)
      // In three pieces, one of them empty.
      let cut = count / 3
      for range in [0..<cut, cut..<cut, cut..<count] {
        let result = bytes.withUnsafeBytes { buffer in
          Result { () throws(FileError) in try sink(UnsafeRawBufferPointer(rebasing: buffer[range])) }
        }
        try result.get()
      }
    }
  }
}

private func sampleBytes(_ step: Int, _ name: String, _ count: Int) -> [UInt8] {
  let seed = step &* 31 &+ name.utf8.count
  return (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 2_654_435_761 >> 9) }
}

/// The trainer's members of a checkpoint of `sampleFiles`.
func sampleMetadata(_ step: Int) -> JSONObject {
  var members = JSONObject()
  members["cursor"] = .integer(step * 4096)
  return members
}

extension CheckpointStore {
  @discardableResult
  func saveSample(_ step: Int, loss: Double? = nil) throws(CheckpointError) -> [String] {
    try save(
      step: step, configuration: .members(["seed": .integer(1)]), metadata: sampleMetadata(step),
      validationLoss: loss,
      files: sampleFiles(step))
  }
}

/// Whether a loaded checkpoint holds the bytes of its step.
func isWhole(_ checkpoint: SavedCheckpoint, byteCount: Int = 3000) -> Bool {
  checkpoint.metadata == sampleMetadata(checkpoint.step)
    && sampleFiles(checkpoint.step, byteCount: byteCount).allSatisfy { file in
      readFile(checkpoint.file(file.name)) == sampleBytes(checkpoint.step, file.name, file.byteCount)
    }
}
