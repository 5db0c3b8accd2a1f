// The list at the end of a checkpoint: what it consists of, with sizes and checksums, and what the trainer needs to go
// on. It is written last, so that where it is whole, everything is.

import ApusBasics

/// What `manifest.json` says. The file is JSON; its first line holds the CRC-32C of all that follows that line.
struct CheckpointManifest: Equatable, Sendable {
  static let fileName = "manifest.json"

  struct Entry: Equatable, Sendable {
    var name: String
    var byteCount: Int
    var checksum: UInt32
  }

  var step: Int
  var validationLoss: Double?
  /// `TrainingConfiguration.canonical` of the run.
  var configuration: JSONValue
  /// The trainer's own members: data cursor, schedule, random counters.
  var metadata: JSONObject
  var files: [Entry]

  /// The file's bytes.
  var encoded: [UInt8] {
    let files = files.map { entry in
      JSONValue.members([
        "name": .string(entry.name), "bytes": .integer(entry.byteCount),
        "crc32c": .string(Self.digits(entry.checksum)),
      ])
    }
    let body = JSONValue.members([
      "version": .integer(Self.version), "step": .integer(step),
      "validationLoss": .optional(validationLoss) { .double($0) }, "configuration": configuration,
      "trainer": .object(metadata), "files": .array(files),
    ])
    let rest = Array(("\"checkpoint\": " + body.serialized(pretty: true) + "}\n").utf8)
    return Array(Self.head(CRC32C.of(rest)).utf8) + rest
  }

  private static let version = 1
  private static let headEnd = "\",\n"

  private static func head(_ checksum: UInt32) -> String { "{\"crc32c\": \"\(digits(checksum))\(headEnd)" }

  private static func digits(_ checksum: UInt32) -> String {
    let text = String(checksum, radix: 16)
    return String(repeating: "0", count: 8 - text.count) + text
  }

  /// Reads a file's bytes.
  ///
  /// - Throws: what is wrong, for people.
  init(parsing bytes: UnsafeRawBufferPointer) throws(ManifestProblem) {
    let head = Self.head(0).utf8.count
    guard bytes.count > head else { throw "\(Self.fileName) has only \(bytes.count) bytes" }
    var sum = CRC32C()
    sum.update(UnsafeRawBufferPointer(rebasing: bytes[head...]))
    guard bytes.prefix(head).elementsEqual(Self.head(sum.value).utf8) else {
      throw "the checksum of \(Self.fileName) is wrong"
    }
    // From here on it is what was written, by this version or another one.
    guard let document = try? JSONValue(parsing: bytes), let body = document["checkpoint"],
      let version = body["version"]?.int
    else { throw "\(Self.fileName) is not a checkpoint's" }
    guard version == Self.version else {
      throw "\(Self.fileName) is of version \(version), not \(Self.version)"
    }
    guard let step = body["step"]?.int, let configuration = body["configuration"],
      let metadata = body["trainer"]?.object, let list = body["files"]?.array
    else { throw "\(Self.fileName) lacks a member" }
    self.step = step
    self.configuration = configuration
    self.metadata = metadata
    validationLoss = body["validationLoss"]?.double
    files = []
    for element in list {
      guard let name = element["name"]?.string, Self.isPlain(name), let count = element["bytes"]?.int,
        let checksum = element["crc32c"]?.string.flatMap({ UInt32($0, radix: 16) })
      else { throw "\(Self.fileName) lists a file without name, size or checksum" }
      files.append(Entry(name: name, byteCount: count, checksum: checksum))
    }
  }

  init(
    step: Int, validationLoss: Double?, configuration: JSONValue, metadata: JSONObject, files: [Entry]
  ) {
    self.step = step
    self.validationLoss = validationLoss
    self.configuration = configuration
    self.metadata = metadata
    self.files = files
  }

  /// Whether a name stays within its folder.
  static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && !name.utf8.contains(UInt8(ascii: "/")) && !name.utf8.contains(0) && name != "."
      && name != ".."
  }
}

/// What is wrong with a manifest.
struct ManifestProblem: Error, ExpressibleByStringInterpolation {
  let text: String
  init(stringLiteral text: String) { self.text = text }
}
