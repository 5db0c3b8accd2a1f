// Keeps the index of a folder up to date: files that have not changed keep their vectors, the others are cut into
// passages and embedded. The index is replaced as a whole, when everything went well.

import ApusBasics
import ApusRuntime

/// How a folder is indexed.
public struct FolderIndexOptions: Sendable {
  /// Names the model and its settings; the index opens for the same name only.
  public var model: String
  /// Values of a vector.
  public var dimension: Int
  /// How vectors are compared.
  public var similarity = Similarity.cosine
  /// Whether vectors are stored in 8 bits, too.
  public var storesBytes = false
  /// Bytes a passage should have.
  public var passageBytes = 800
  /// Whether an index that is there is built anew, whatever it holds.
  public var rebuilds = false

  /// The defaults for a model.
  public init(model: String, dimension: Int) {
    self.model = model
    self.dimension = dimension
  }
}

/// What an update did.
public struct FolderIndexReport: Sendable, Equatable {
  /// Files in the index.
  public var files = 0
  /// Passages in the index.
  public var passages = 0
  /// Passages embedded now; the others were taken over.
  public var embedded = 0
  /// Files left out, and why.
  public var skipped: [SkippedFile] = []
  /// Whether the file was written.
  public var isWritten = false
}

/// The index of a folder.
public enum FolderIndex {
  /// Passages embedded at once: enough to fill the model's steps, few enough to show progress.
  private static let batch = 256

  /// Brings the index at `path` up to date with `folder`.
  ///
  /// - Parameters:
  ///   - embed: gives a vector of `options.dimension` values for each passage.
  ///   - progress: called with bytes done and bytes in all of the files that are embedded.
  /// - Throws: `VectorIndexError` when the file there is damaged or another model's, `FileError`, and what `embed`
  ///   throws. The file is then as it was.
  public static func update(
    _ path: String, of folder: TextFolder, _ options: FolderIndexOptions,
    embed: ([String]) throws -> [[Float]], progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> FolderIndexReport {
    let old = try open(path, options)
    var known = try old.map(Rows.init)
    var report = FolderIndexReport()
    report.skipped = folder.skipped
    var builder = try VectorIndexBuilder(
      model: options.model, dimension: options.dimension, similarity: options.similarity,
      storesBytes: options.storesBytes)
    let total = folder.files.reduce(0) { $0 + (known?.has($1) == true ? 0 : $1.byteCount) }
    var done = 0
    var waiting: [IndexEntry] = []
    func flush() throws {
      let vectors = try embed(waiting.map(\.text))
      for (entry, vector) in zip(waiting, vectors) { try builder.add(vector, entry) }
      waiting.removeAll(keepingCapacity: true)
    }
    for file in folder.files {
      if let old, let rows = known?.take(file) {
        try flush()
        for row in rows { try builder.add(old.vector(row), old.entry(row)) }
        report.files += 1
        continue
      }
      defer { done += file.byteCount }
      guard let passages = try passages(of: file, in: folder, options, &report) else { continue }
      for passage in passages {
        waiting.append(passage)
        report.embedded += 1
        if waiting.count == batch {
          try flush()
          progress(done, total)
        }
      }
      report.files += 1
      progress(min(done + file.byteCount, total), total)
    }
    try flush()
    report.passages = builder.count
    let isSame =
      old != nil && report.embedded == 0 && known?.isEmpty == true && old!.hasBytes == options.storesBytes
    if !isSame {
      try builder.write(to: path)
      report.isWritten = true
    }
    return report
  }

  private static func open(_ path: String, _ options: FolderIndexOptions) throws -> VectorIndex? {
    if options.rebuilds || FileKind(path) == .none { return nil }
    let index = try VectorIndex.open(path, model: options.model)
    return index.similarity == options.similarity && index.dimension == options.dimension ? index : nil
  }

  private static func passages(
    of file: TextFile, in folder: TextFolder, _ options: FolderIndexOptions, _ report: inout FolderIndexReport
  ) throws -> [IndexEntry]? {
    let text: [UInt8]
    do {
      switch try folder.text(of: file) {
      case .success(let bytes): text = bytes
      case .failure(let problem):
        report.skipped.append(SkippedFile(name: file.name, reason: problem.reason))
        return nil
      }
    } catch {
      // Gone or locked since the folder was listed.
      report.skipped.append(SkippedFile(name: file.name, reason: "cannot be read: \(error)"))
      return nil
    }
    return PassageCutter(target: options.passageBytes).passages(of: text).map { range in
      IndexEntry(
        source: file.name, range: range, text: String(decoding: text[range], as: UTF8.self),
        sourceStamp: file.stamp)
    }
  }

  /// The rows of an index by the file they are from.
  private struct Rows {
    private var rows: [String: (stamp: UInt64, rows: [Int])] = [:]

    init(_ index: VectorIndex) throws {
      for row in 0..<index.count {
        let entry = try index.entry(row)
        rows[entry.source, default: (entry.sourceStamp, [])].rows.append(row)
      }
    }

    func has(_ file: TextFile) -> Bool { rows[file.name]?.stamp == file.stamp }

    /// The rows of a file that has not changed.
    mutating func take(_ file: TextFile) -> [Int]? {
      guard has(file) else { return nil }
      return rows.removeValue(forKey: file.name)?.rows
    }

    /// Whether no file was changed or removed.
    var isEmpty: Bool { rows.isEmpty }
  }
}
