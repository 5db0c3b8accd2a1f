// Writing the checkpoints of a run so that at every moment, whatever ends the process or the machine, there is a whole
// one: files under a partial name, each synchronised, the manifest last, then one rename. Reading is CheckpointFolder's.

import ApusBasics
import ApusRuntime
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folder of a run, held by one trainer.
///
///     let store = try CheckpointStore(directory: "out", keepLast: 2, keepBest: 1)
///     let loaded = try store.load()
///     …
///     let notes = try store.save(
///       step: 500, configuration: configuration.canonical, metadata: members,
///       files: [CheckpointFile("model.safetensors", weights), CheckpointFile("config.json", bytes: config)])
public final class CheckpointStore: Sendable {
  /// The same folder for reading.
  public let folder: CheckpointFolder
  /// What was found and put right at the start, one line each.
  public let notes: [String]
  private let keepLast: Int
  private let keepBest: Int
  private let operations: any FileOperations
  private let lock: FolderLock
  /// Steps whose checkpoints were found damaged: they do not count among those that stay.
  private let damaged = Mutex<Set<Int>>([])

  /// Makes the folder where it is missing, locks it, and removes what killed trainers have left half done.
  ///
  /// - Parameters:
  ///   - keepLast: newest checkpoints that stay, at least 1.
  ///   - keepBest: checkpoints with the lowest validation loss that stay beside them.
  /// - Throws: `CheckpointError.locked` when another trainer works there, or `.folder`.
  public convenience init(directory: String, keepLast: Int = 2, keepBest: Int = 1) throws(CheckpointError) {
    try self.init(
      directory: directory, keepLast: keepLast, keepBest: keepBest, operations: SystemFileOperations())
  }

  init(
    directory: String, keepLast: Int, keepBest: Int, operations: any FileOperations
  ) throws(CheckpointError) {
    precondition(keepLast >= 1 && keepBest >= 0)
    folder = CheckpointFolder(directory)
    self.keepLast = keepLast
    self.keepBest = keepBest
    self.operations = operations
    do throws(FileError) { try makeFolders(directory) } catch { throw .folder(error) }
    lock = try FolderLock(directory: directory)
    var notes: [String] = []
    if let owner = lock.staleOwner {
      notes.append("\(directory): \(owner.description) ended without releasing the folder")
    }
    notes += Self.tidy(folder, operations, try folder.names())
    self.notes = notes
  }

  /// The newest checkpoint that is whole; see `CheckpointFolder.load`.
  ///
  /// - Parameter step: this one and no other.
  /// - Throws: `CheckpointError`.
  public func load(step: Int? = nil) throws(CheckpointError) -> LoadedCheckpoint? {
    let loaded = try folder.load(step: step)
    if let loaded { damaged.withLock { $0.formUnion(loaded.damages.map(\.step)) } }
    return loaded
  }

  /// Saves a checkpoint; when this returns it is on the disk.
  ///
  /// It takes the place of one of the same step. Then older ones go, but for the newest, the best, and, should this one
  /// not read back as it was written, all of them. Checkpoints of later steps belong to a continuation that was given
  /// up; they go, too.
  ///
  /// - Parameters:
  ///   - configuration: `TrainingConfiguration.canonical`, kept for comparison.
  ///   - metadata: what the trainer needs to go on, any JSON.
  ///   - validationLoss: the latest one, for keeping the best; nil or not finite for none.
  ///   - files: written one after the other.
  /// - Returns: what went wrong beside the saving itself, one line each.
  /// - Throws: `CheckpointError.notSaved`; nothing is left of the attempt then, what was there before is untouched, and
  ///   the caller may go on and try again later.
  @discardableResult
  public func save(
    step: Int, configuration: JSONValue, metadata: JSONObject = JSONObject(), validationLoss: Double? = nil,
    files: [CheckpointFile]
  ) throws(CheckpointError) -> [String] {
    precondition(step >= 0 && Set(files.map(\.name)).count == files.count)
    let partial = folder.path(step) + CheckpointFolder.partialSuffix
    do throws(FileError) {
      // One that a failed attempt could not remove.
      if FileKind(partial) == .folder { try Self.removeFolder(partial, operations) }
      try operations.makeDirectory(partial)
      var entries: [CheckpointManifest.Entry] = []
      for file in files { entries.append(try write(file, in: partial)) }
      let manifest = CheckpointManifest(
        step: step, validationLoss: validationLoss.flatMap { $0.isFinite ? $0 : nil },
        configuration: configuration, metadata: metadata, files: entries)
      try write(manifest.encoded, partial + "/" + CheckpointManifest.fileName)
      // The names in it first: a folder may be renamed on the disk before it is filled there.
      try operations.synchroniseDirectory(partial)
      try publish(partial, step)
    } catch {
      try? Self.removeFolder(partial, operations)
      throw .notSaved(step: step, error)
    }
    return finish(step)
  }

  /// Gives the partial folder its name.
  private func publish(_ partial: String, _ step: Int) throws(FileError) {
    let (final, replaced) = (folder.path(step), folder.path(step) + CheckpointFolder.replacedSuffix)
    guard FileKind(final) != .none else { return try operations.rename(partial, final) }
    // A folder that is not empty cannot be renamed over. Should the process end here, `tidy` renames it back.
    if FileKind(replaced) == .folder { try Self.removeFolder(replaced, operations) }
    try operations.rename(final, replaced)
    do throws(FileError) {
      try operations.rename(partial, final)
    } catch {
      try? operations.rename(replaced, final)
      throw error
    }
  }

  /// What follows when the checkpoint is in its place: none of this can lose it.
  private func finish(_ step: Int) -> [String] {
    var notes: [String] = []
    func attempt(_ what: String, _ body: () throws(FileError) -> Void) -> Bool {
      do throws(FileError) {
        try body()
        return true
      } catch {
        notes.append("\(what): \(error)")
        return false
      }
    }
    let isDurable = attempt("checkpoint of step \(step) may not survive a power cut") {
      () throws(FileError) in
      try operations.synchroniseDirectory(folder.directory)
    }
    _ = attempt("the file \"\(CheckpointFolder.latestName)\" was not renewed") { () throws(FileError) in
      try writeLatest(step)
    }
    do throws(CheckpointDamage) {
      _ = try folder.verified(step)
    } catch {
      notes.append("\(error); it was just written, and does not read back as it was; older ones are kept")
      return notes
    }
    _ = damaged.withLock { $0.remove(step) }
    guard isDurable else { return notes }
    for name in outdated(step) {
      _ = attempt("an old checkpoint stays") { () throws(FileError) in
        try Self.removeFolder(folder.directory + "/" + name, operations)
      }
    }
    return notes
  }

  /// The folders that need not stay beside the checkpoint that was just saved and verified.
  private func outdated(_ newest: Int) -> [String] {
    guard let names = try? folder.names() else { return [] }
    let present = names.compactMap { CheckpointFolder.step($0) }.sorted()
    let damaged = damaged.withLock { $0 }
    let earlier = present.filter { $0 < newest && !damaged.contains($0) && (try? folder.manifest($0)) != nil }
    var kept = Set(earlier.suffix(keepLast - 1))
    kept.insert(newest)
    let losses = (earlier + [newest]).compactMap { step -> (step: Int, loss: Double)? in
      guard let loss = (try? folder.manifest(step))?.validationLoss else { return nil }
      return (step, loss)
    }
    // Of equals the later one has seen more.
    let best = losses.sorted { ($0.loss, -$0.step) < ($1.loss, -$1.step) }
    kept.formUnion(best.prefix(keepBest).map(\.step))
    return names.filter { CheckpointFolder.step($0, CheckpointFolder.replacedSuffix) != nil }
      + present.filter { !kept.contains($0) }.map(CheckpointFolder.name)
  }

  private func write(_ file: CheckpointFile, in partial: String) throws(FileError) -> CheckpointManifest.Entry
  {
    let path = partial + "/" + file.name
    let descriptor = try operations.create(path)
    try operations.reserve(descriptor, file.byteCount, path)
    var sum = CRC32C()
    var count = 0
    try file.write { bytes throws(FileError) in
      count += bytes.count
      precondition(count <= file.byteCount, "\(file.name) is given more than \(file.byteCount) bytes")
      // Small pieces: the checksum brings each into the cache, from where it is then copied.
      for start in stride(from: 0, to: bytes.count, by: Self.pieceBytes) {
        let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.pieceBytes, bytes.count)])
        sum.update(piece)
        try operations.write(descriptor, piece, path)
      }
    }
    precondition(count == file.byteCount, "\(file.name) is given \(count) of \(file.byteCount) bytes")
    try operations.synchronise(descriptor, path)
    return CheckpointManifest.Entry(name: file.name, byteCount: count, checksum: sum.value)
  }

  /// Half of the second cache of today's smaller cores.
  private static let pieceBytes = 256 << 10

  private func write(_ bytes: [UInt8], _ path: String) throws(FileError) {
    let descriptor = try operations.create(path)
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(FileError) in try operations.write(descriptor, buffer, path) }
    }
    try result.get()
    try operations.synchronise(descriptor, path)
  }

  private func writeLatest(_ step: Int) throws(FileError) {
    let path = folder.directory + "/" + CheckpointFolder.latestName
    let partial = path + CheckpointFolder.partialSuffix
    if FileKind(partial) != .none { try operations.remove(partial) }
    try write(Array((CheckpointFolder.name(step) + "\n").utf8), partial)
    try operations.rename(partial, path)
    try operations.synchroniseDirectory(folder.directory)
  }

  /// Puts right what trainers that were killed have left: the lock is ours, so none of them lives.
  private static func tidy(
    _ folder: CheckpointFolder, _ operations: any FileOperations, _ names: [String]
  ) -> [String] {
    var notes: [String] = []
    for name in names.sorted() {
      let path = folder.directory + "/" + name
      do throws(FileError) {
        if name == CheckpointFolder.latestName + CheckpointFolder.partialSuffix {
          try operations.remove(path)
        } else if CheckpointFolder.step(name, CheckpointFolder.partialSuffix) != nil {
          try removeFolder(path, operations)
          notes.append("\(path): a checkpoint that was never finished, removed")
        } else if let step = CheckpointFolder.step(name, CheckpointFolder.replacedSuffix) {
          let final = folder.path(step)
          let hasFinal = FileKind(final) == .folder
          if hasFinal, (try? folder.verified(step)) != nil {
            try removeFolder(path, operations)
          } else {
            if hasFinal { try removeFolder(final, operations) }
            try operations.rename(path, final)
          }
        }
      } catch {
        notes.append(error.description)
      }
    }
    return notes
  }

  /// Removes a folder and the files in it. Folders within are not ours: they stay, and so does it.
  private static func removeFolder(_ path: String, _ operations: any FileOperations) throws(FileError) {
    // The manifest first: what is half removed must not look whole.
    let manifest = CheckpointManifest.fileName
    let names = try CheckpointFolder.names(in: path)
    if names.contains(manifest) { try operations.remove(path + "/" + manifest) }
    for name in names where name != manifest { try operations.remove(path + "/" + name) }
    try operations.removeDirectory(path)
  }
}

/// Makes a folder and those it lies in.
private func makeFolders(_ path: String) throws(FileError) {
  if FileKind(path) == .folder { return }
  if let slash = path.lastIndex(of: "/"), slash > path.startIndex { try makeFolders(String(path[..<slash])) }
  guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
    throw .system(path: path, operation: "make the folder", reason: errorText(errno))
  }
  guard FileKind(path) == .folder else {
    throw .system(path: path, operation: "make the folder", reason: "something else has the name")
  }
}
