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

/// The shards of both parts, in a folder of their own within the data set's until all is done: a data set that is to be
/// replaced stays whole until then, and one that is never finished leaves nothing behind.
final class DatasetWriter: TokenSink {
  private let folder: String
  private let shardTokens: Int
  private var manifest: DatasetManifest
  private var train: ShardWriter?
  private var validation: ShardWriter?

  private var unfinished: String { "\(folder)/.unfinished" }

  /// Makes the folder if need be, and takes away what is left of a run that was killed.
  ///
  /// - Throws: `TokenizingError.exists`, `FileError`.
  init(
    folder: String, tokenizer: String, vocabularySize: Int, fingerprint: UInt64, shardTokens: Int,
    replacing: Bool
  ) throws {
    if FileKind("\(folder)/\(DatasetManifest.fileName)") != .none, !replacing {
      throw TokenizingError.exists(folder: folder)
    }
    self.folder = folder
    self.shardTokens = shardTokens
    manifest = DatasetManifest(
      tokenizer: tokenizer, vocabularySize: vocabularySize, fingerprint: fingerprint, parts: [:])
    for path in [folder, unfinished] where FileKind(path) != .folder {
      guard mkdir(path, 0o777) == 0 else {
        throw FileError.system(path: path, operation: "create the folder", reason: errorText(errno))
      }
    }
    Self.removeShards(unfinished)
  }

  deinit {
    // Shards that are being written take their temporary files away.
    train = nil
    validation = nil
    Self.removeShards(unfinished)
    rmdir(unfinished)
  }

  private static func removeShards(_ folder: String) {
    for part in DatasetPart.allCases {
      var number = 0
      while unlink("\(folder)/\(name(part, number))") == 0 { number += 1 }
    }
  }

  private static func name(_ part: DatasetPart, _ number: Int) -> String {
    let digits = String(number)
    return "\(part.rawValue)-\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits).tokens"
  }

  private func path(_ part: DatasetPart, _ number: Int) -> String {
    "\(unfinished)/\(Self.name(part, number))"
  }

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

  /// Closes the last shards, puts all in the place of what was there, and writes `dataset.json`.
  func finish() throws(FileError) {
    try closeAll()
    // First the list goes, then what it lists, and the new one comes last: a list never names shards of another set.
    unlink("\(folder)/\(DatasetManifest.fileName)")
    Self.removeShards(folder)
    for shard in manifest.parts.values.joined() {
      let path = "\(folder)/\(shard.name)"
      guard rename("\(unfinished)/\(shard.name)", path) == 0 else {
        throw .system(path: path, operation: "rename the finished file", reason: errorText(errno))
      }
    }
    try manifest.write(folder: folder)
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
