// Reading the checkpoints of a run: which there are, whether each is what was written, and which is the newest that is.
// Writing them is CheckpointStore's.

import ApusBasics
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A checkpoint every file of which was found as it was written.
public struct SavedCheckpoint: Sendable {
  /// The optimiser step after which it was made.
  public let step: Int
  /// Its folder.
  public let path: String
  /// `TrainingConfiguration.canonical` of the run that made it.
  public let configuration: JSONValue
  /// What the trainer gave to `save`.
  public let metadata: JSONObject
  /// The validation loss it was saved with.
  public let validationLoss: Double?
  /// The names of its files.
  public let files: [String]

  /// The path of a file.
  public func file(_ name: String) -> String { path + "/" + name }
}

/// What `CheckpointFolder.load` found.
public struct LoadedCheckpoint: Sendable {
  /// The newest checkpoint that is whole.
  public let checkpoint: SavedCheckpoint
  /// Newer ones that are damaged and were passed over.
  public let damages: [CheckpointDamage]
  /// What the user should know, one line each: the damages, and a `latest` that names nothing.
  public let notes: [String]
}

/// The checkpoints of a run, `step-000123` and so on in one folder.
public struct CheckpointFolder: Sendable {
  /// The folder.
  public let directory: String

  /// Nothing is read yet, and the folder need not exist.
  public init(_ directory: String) {
    self.directory = directory
  }

  /// The steps of all checkpoints, damaged or not, ascending.
  ///
  /// - Throws: `CheckpointError.folder`.
  public func steps() throws(CheckpointError) -> [Int] {
    Set(try names().compactMap { Self.step($0) ?? Self.step($0, Self.replacedSuffix) }).sorted()
  }

  /// The newest checkpoint that is whole, every byte of it read and compared; nil when there is none of any kind.
  ///
  /// - Parameter step: this one and no other.
  /// - Throws: `CheckpointError`: none is whole, or the one asked for is not.
  public func load(step: Int? = nil) throws(CheckpointError) -> LoadedCheckpoint? {
    let present = try steps()
    if let step, !present.contains(step) {
      throw .missing(directory: directory, step: step, present: present)
    }
    var damages: [CheckpointDamage] = []
    for candidate in step.map({ [$0] }) ?? present.reversed() {
      do throws(CheckpointDamage) {
        let checkpoint = try verified(candidate)
        var notes = damages.map(\.description)
        if !notes.isEmpty { notes.append("going on from the checkpoint of step \(candidate)") }
        if step == nil, let problem = latestProblem(present) { notes.append(problem) }
        return LoadedCheckpoint(checkpoint: checkpoint, damages: damages, notes: notes)
      } catch {
        damages.append(error)
      }
    }
    guard damages.isEmpty else { throw .allDamaged(directory: directory, damages) }
    return nil
  }

  /// The checkpoint of a step, every byte of it read and compared.
  func verified(_ step: Int) throws(CheckpointDamage) -> SavedCheckpoint {
    let manifest = try manifest(step)
    for entry in manifest.files {
      let file = try mapped(entry.name, step)
      guard file.byteCount == entry.byteCount else {
        throw CheckpointDamage(
          step: step, reason: "\(entry.name) has \(file.byteCount) bytes instead of \(entry.byteCount)")
      }
      var sum = CRC32C()
      withExtendedLifetime(file) {
        // Each piece is let go when it was read: a run is not to be in memory a second time.
        for start in stride(from: 0, to: file.byteCount, by: Self.pieceBytes) {
          let range = start..<min(start + Self.pieceBytes, file.byteCount)
          sum.update(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
          file.advise(.done, range)
        }
      }
      guard sum.value == entry.checksum else {
        throw CheckpointDamage(step: step, reason: "the checksum of \(entry.name) is wrong")
      }
    }
    return SavedCheckpoint(
      step: step, path: existingPath(step), configuration: manifest.configuration,
      metadata: manifest.metadata,
      validationLoss: manifest.validationLoss, files: manifest.files.map(\.name))
  }

  private static let pieceBytes = 4 << 20

  /// What the manifest of a step says; its files are not looked at.
  func manifest(_ step: Int) throws(CheckpointDamage) -> CheckpointManifest {
    let file = try mapped(CheckpointManifest.fileName, step)
    do throws(ManifestProblem) {
      let result = withExtendedLifetime(file) {
        Result { () throws(ManifestProblem) in try CheckpointManifest(parsing: file.bytes) }
      }
      let manifest = try result.get()
      if manifest.step == step { return manifest }
      throw "\(CheckpointManifest.fileName) is that of step \(manifest.step)"
    } catch {
      throw CheckpointDamage(step: step, reason: error.text)
    }
  }

  private func mapped(_ name: String, _ step: Int) throws(CheckpointDamage) -> MappedFile {
    do throws(FileError) {
      return try MappedFile(path: existingPath(step) + "/" + name)
    } catch {
      throw CheckpointDamage(step: step, reason: error.description)
    }
  }

  /// What is wrong with the file `latest`, which scripts read; loading does not need it.
  private func latestProblem(_ present: [Int]) -> String? {
    guard let file = try? MappedFile(path: directory + "/" + Self.latestName) else {
      return "\(directory): there is no file \"\(Self.latestName)\"; the newest checkpoint was taken"
    }
    let text = withExtendedLifetime(file) { String(decoding: file.bytes.prefix(100), as: UTF8.self) }
    let name = text.split(whereSeparator: \.isWhitespace).first
    guard let step = name.flatMap({ Self.step(String($0)) }), present.contains(step) else {
      return "\(directory): \"\(Self.latestName)\" names no checkpoint that is there; the newest was taken"
    }
    return nil
  }

  // MARK: Names

  static let latestName = "latest"
  static let partialSuffix = ".partial"
  static let replacedSuffix = ".replaced"

  /// The folder of a step.
  func path(_ step: Int) -> String { directory + "/" + Self.name(step) }

  /// The folder a step has: while one is replaced, or when that was cut short, the old one has another name.
  private func existingPath(_ step: Int) -> String {
    let path = path(step)
    return FileKind(path) == .none && FileKind(path + Self.replacedSuffix) == .folder
      ? path + Self.replacedSuffix : path
  }

  /// `step-000123`.
  static func name(_ step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  /// The step of a name such as `step-000123`; nil for any other.
  static func step(_ name: String) -> Int? {
    guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), step >= 0, name == Self.name(step)
    else {
      return nil
    }
    return step
  }

  /// The step of such a name with a suffix.
  static func step(_ name: String, _ suffix: String) -> Int? {
    name.hasSuffix(suffix) ? step(String(name.dropLast(suffix.count))) : nil
  }

  /// The names in the run's folder; none when it does not exist.
  func names() throws(CheckpointError) -> [String] {
    do throws(FileError) { return try Self.names(in: directory) } catch { throw .folder(error) }
  }

  /// The names in a folder but for `.` and `..`.
  static func names(in directory: String) throws(FileError) -> [String] {
    guard let listing = opendir(directory) else {
      if errno == ENOENT { return [] }
      throw .system(path: directory, operation: "list", reason: errorText(errno))
    }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
