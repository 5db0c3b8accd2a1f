// `dataset.json`: which shards make up a data set, and what made them. It is written last, so a folder with one is
// complete.

import ApusBasics
import ApusRuntime

/// The two parts a corpus is split into.
public enum DatasetPart: String, Sendable, CaseIterable {
  /// What a model learns from.
  case train
  /// What it is measured on.
  case validation
}

/// What `dataset.json` says.
public struct DatasetManifest: Sendable, Equatable {
  /// A shard of a data set.
  public struct Shard: Sendable, Equatable {
    /// The file's name in the folder.
    public var name: String
    /// Tokens in it.
    public var tokens: Int
    /// Documents in it.
    public var documents: Int
    /// The CRC-32C of its content.
    public var checksum: UInt32
  }

  /// The name of the file in the folder.
  public static let fileName = "dataset.json"

  /// Where the tokenizer was when the data set was made.
  public var tokenizer: String
  /// The size of its vocabulary.
  public var vocabularySize: Int
  /// Its fingerprint.
  public var fingerprint: UInt64
  /// The shards of each part, in order.
  public var parts: [DatasetPart: [Shard]]

  /// Reads the file of a folder.
  ///
  /// - Throws: `ShardError.noDataset` when there is none or it says something else.
  public init(folder: String) throws(ShardError) {
    let path = "\(folder)/\(Self.fileName)"
    guard FileKind(path) == .file else {
      throw .noDataset(
        path: folder,
        reason: FileKind(folder) == .folder
          ? "\(Self.fileName) is missing; apus data tokenize was not finished here" : "it is no folder")
    }
    let json: JSONValue
    do {
      let file = try MappedFile(path: path)
      json = try withExtendedLifetime(file) { try JSONValue(parsing: file.bytes) }
    } catch let error as FileError {
      throw .file(error)
    } catch {
      throw .noDataset(path: folder, reason: "\(Self.fileName): \(error)")
    }
    guard let manifest = Self(json) else {
      throw .noDataset(path: folder, reason: "\(Self.fileName) is not one of apus data tokenize, version 1")
    }
    self = manifest
  }

  init(
    tokenizer: String, vocabularySize: Int, fingerprint: UInt64, parts: [DatasetPart: [Shard]]
  ) {
    self.tokenizer = tokenizer
    self.vocabularySize = vocabularySize
    self.fingerprint = fingerprint
    self.parts = parts
  }

  private init?(_ json: JSONValue) {
    guard json["format"]?.string == "apus-dataset", json["version"]?.int == 1,
      let tokenizer = json["tokenizer"]?.string, let size = json["vocabularySize"]?.int, size > 0,
      let fingerprint = json["fingerprint"]?.string.flatMap({ UInt64($0, radix: 16) })
    else { return nil }
    var parts: [DatasetPart: [Shard]] = [:]
    for part in DatasetPart.allCases {
      guard let list = json[part.rawValue]?.array else { continue }
      var shards: [Shard] = []
      for entry in list {
        // A name with a slash would lead out of the folder.
        guard let name = entry["name"]?.string, !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")),
          let tokens = entry["tokens"]?.int, let documents = entry["documents"]?.int,
          let checksum = entry["checksum"]?.int.flatMap({ UInt32(exactly: $0) })
        else { return nil }
        shards.append(Shard(name: name, tokens: tokens, documents: documents, checksum: checksum))
      }
      parts[part] = shards
    }
    self.init(tokenizer: tokenizer, vocabularySize: size, fingerprint: fingerprint, parts: parts)
  }

  /// Writes the file of a folder, atomically.
  func write(folder: String) throws(FileError) {
    var json = JSONObject()
    json["format"] = .string("apus-dataset")
    json["version"] = .int(1)
    json["tokenizer"] = .string(tokenizer)
    json["vocabularySize"] = .int(Int64(vocabularySize))
    json["fingerprint"] = .string(String(fingerprint, radix: 16))
    for part in DatasetPart.allCases {
      guard let shards = parts[part] else { continue }
      json[part.rawValue] = .array(
        shards.map { shard in
          var entry = JSONObject()
          entry["name"] = .string(shard.name)
          entry["tokens"] = .int(Int64(shard.tokens))
          entry["documents"] = .int(Int64(shard.documents))
          entry["checksum"] = .int(Int64(shard.checksum))
          return .object(entry)
        })
    }
    var bytes: [UInt8] = []
    JSONValue.object(json).append(to: &bytes, pretty: true)
    bytes.append(0x0A)
    var file = try AtomicFile(path: "\(folder)/\(Self.fileName)", replacing: true)
    try file.write(bytes)
    try file.commit()
  }
}
