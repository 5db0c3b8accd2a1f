// Writes the folder of a data set: shards as tokens come, `dataset.json` in the end.

import ApusBasics
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The shards of both parts, each under its name when it is full.
final class DatasetWriter: TokenSink {
  private let folder: String
  private let shardTokens: Int
  private var manifest: DatasetManifest
  private var train: ShardWriter?
  private var validation: ShardWriter?
  private var isFinished = false

  /// Makes the folder if need be, and takes away an old data set, or what is left of one that was never finished.
  ///
  /// - Throws: `TokenizingError.exists`, `FileError`.
  init(
    folder: String, tokenizer: String, vocabularySize: Int, fingerprint: UInt64, shardTokens: Int,
    replacing: Bool
  ) throws {
    let manifestPath = "\(folder)/\(DatasetManifest.fileName)"
    if FileKind(manifestPath) != .none {
      guard replacing else { throw TokenizingError.exists(folder: folder) }
    }
    if FileKind(folder) == .none, mkdir(folder, 0o777) != 0 {
      throw FileError.system(path: folder, operation: "create the folder", reason: errorText(errno))
    }
    self.folder = folder
    self.shardTokens = shardTokens
    manifest = DatasetManifest(
      tokenizer: tokenizer, vocabularySize: vocabularySize, fingerprint: fingerprint, parts: [:])
    // First the list, then what it lists: a data set is never half there.
    unlink(manifestPath)
    removeShards()
  }

  deinit {
    // Without its list a shard is of no use.
    if !isFinished { removeShards() }
  }

  private func removeShards() {
    for part in DatasetPart.allCases {
      var number = 0
      while unlink(path(part, number)) == 0 { number += 1 }
    }
  }

  private static func name(_ part: DatasetPart, _ number: Int) -> String {
    let digits = String(number)
    return "\(part.rawValue)-\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits).tokens"
  }

  private func path(_ part: DatasetPart, _ number: Int) -> String { "\(folder)/\(Self.name(part, number))" }

  func append(_ tokens: [Int32], to part: DatasetPart) throws {
    var writer = try take(part) ?? open(part)
    try writer.append(tokens)
    put(consume writer, part)
  }

  func endDocument(of part: DatasetPart) throws {
    guard var writer = take(part) else { preconditionFailure("a document without tokens ends") }
    writer.endDocument()
    if writer.tokenCount >= shardTokens {
      try close(consume writer, part)
    } else {
      put(consume writer, part)
    }
  }

  /// Closes the last shards and writes `dataset.json`.
  func finish() throws(FileError) {
    try closeAll()
    try manifest.write(folder: folder)
    isFinished = true
  }

  private func closeAll() throws(FileError) {
    for part in DatasetPart.allCases {
      if let writer = take(part) { try close(writer, part) }
    }
  }

  private func open(_ part: DatasetPart) throws(FileError) -> ShardWriter {
    try ShardWriter(
      path: path(part, manifest.parts[part]?.count ?? 0), vocabularySize: manifest.vocabularySize,
      fingerprint: manifest.fingerprint)
  }

  private func close(_ writer: consuming ShardWriter, _ part: DatasetPart) throws(FileError) {
    var shard = DatasetManifest.Shard(
      name: Self.name(part, manifest.parts[part]?.count ?? 0), tokens: writer.tokenCount,
      documents: writer.documentCount, checksum: 0)
    shard.checksum = try writer.finish()
    manifest.parts[part, default: []].append(shard)
  }

  private func take(_ part: DatasetPart) -> ShardWriter? {
    part == .train ? train.take() : validation.take()
  }

  private func put(_ writer: consuming ShardWriter, _ part: DatasetPart) {
    if part == .train { train = consume writer } else { validation = consume writer }
  }

  // MARK: A corpus of one document

  /// Cuts the one document there is in two, its end for validation: no share of one document could be.
  func cutOnlyDocument(
    of part: DatasetPart, share: Double, _ report: inout TokenizingReport
  ) throws {
    try closeAll()
    let whole = try TokenDataset(shards: [path(part, 0)], verifying: false)
    // Both parts need a token.
    let kept = Int((Double(whole.tokenCount) * (1 - share)).rounded())
    guard kept > 0, kept < whole.tokenCount else { return }
    manifest.parts = [:]
    for (part, range) in [(DatasetPart.train, 0..<kept), (.validation, kept..<whole.tokenCount)] {
      var writer = try open(part)
      for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.copiedTokens) {
        try writer.append(whole.tokens(start..<min(start + Self.copiedTokens, range.upperBound)))
      }
      writer.endDocument()
      try close(consume writer, part)
      report[part] = TokenizingReport.Part(documents: 1, tokens: range.count)
    }
    report.isCutForValidation = true
  }

  private static let copiedTokens = 1 << 20
}
