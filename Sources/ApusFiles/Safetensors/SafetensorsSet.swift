// A model in several safetensors files, held together by an index: `model.safetensors.index.json` maps each
// tensor to a file beside it. An index comes from the network: the names in it may lead nowhere but into its own
// folder.

import ApusBasics
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The files of a set, and which tensor its index expects in which.
struct SafetensorsSet {
  /// The path of the index.
  let index: String
  let limits: Limits.Safetensors
  /// File names, sorted.
  private(set) var shards: [String] = []
  /// The number in `shards` for each tensor.
  private var owners: [String: Int] = [:]

  /// Reads the index at `path`.
  init(index path: String, limits: Limits.Safetensors) throws(SafetensorsError) {
    index = path
    self.limits = limits
    let mapping = try SafetensorsFile.map(path, name: path)
    defer { withExtendedLifetime(mapping) {} }
    guard mapping.byteCount <= limits.indexBytes else {
      throw SafetensorsError(
        path,
        .overLimit(what: "bytes of index", value: UInt64(mapping.byteCount), limit: limits.indexBytes))
    }
    var json = try SafetensorsJSON(mapping.bytes, start: 0, file: path)
    var map: [String: String]?
    try json.beginObject()
    while let key = try json.nextKey() {
      // Besides it `metadata` has the total size, which is often wrong.
      guard key == "weight_map" else {
        try json.skip()
        continue
      }
      guard map == nil else { throw json.failure(.field(key, problem: "is there twice")) }
      map = try Self.weightMap(&json, limits)
    }
    try json.finish()
    guard let map else { throw json.failure(.field("weight_map", problem: "is missing")) }
    guard !map.isEmpty else { throw json.failure(.field("weight_map", problem: "is empty")) }
    shards = Set(map.values).sorted()
    guard shards.count <= limits.shards else {
      throw SafetensorsError(path, .tooMany(what: "files", limit: limits.shards))
    }
    let numbers = Dictionary(uniqueKeysWithValues: shards.enumerated().map { ($0.element, $0.offset) })
    owners = map.compactMapValues { numbers[$0] }
  }

  private static func weightMap(
    _ json: inout SafetensorsJSON, _ limits: Limits.Safetensors
  ) throws(SafetensorsError) -> [String: String] {
    var map: [String: String] = [:]
    try json.beginObject()
    while let name = try json.nextKey() {
      json.place = .tensor(name)
      let shard = try json.string()
      guard isInside(shard) else {
        throw json.failure(.shards("its file \(quoted(shard)) would not be in the folder of the index"))
      }
      guard map.updateValue(shard, forKey: name) == nil else { throw json.failure(.duplicate) }
      json.place = nil
      guard map.count <= limits.tensors else {
        throw json.failure(.tooMany(what: "tensors", limit: limits.tensors))
      }
    }
    return map
  }

  /// Whether a name, links aside, leads to a file in the folder or below it.
  private static func isInside(_ name: String) -> Bool {
    let steps = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return !name.utf8.contains(0)
      && steps.allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
  }

  /// Opens all files.
  func open() throws(SafetensorsError) -> SafetensorsFile {
    let paths = try resolvedPaths()
    var tensors: [SafetensorsTensor] = []
    var metadata: [String: String] = [:]
    var mappings: [MappedFile] = []
    var found: [String: Int] = [:]
    for (part, path) in paths.enumerated() {
      let name = shardPath(part)
      let mapping = try SafetensorsFile.map(path, name: name)
      let contents = try SafetensorsContents(mapping.bytes, name: name, part: part, limits: limits)
      if part == 0 { metadata = contents.metadata }
      for tensor in contents.tensors {
        if let other = found.updateValue(part, forKey: tensor.name) {
          throw SafetensorsError(
            name, .tensor(tensor.name), .shards("it is in \(quoted(shards[other])) already"))
        }
      }
      guard found.count <= limits.tensors else {
        throw SafetensorsError(index, .tooMany(what: "tensors", limit: limits.tensors))
      }
      tensors += contents.tensors
      mappings.append(mapping)
    }
    try checkOwners(found)
    return SafetensorsFile(
      name: index, tensors: tensors, metadata: metadata,
      parts: mappings.map { SharedBytes($0.bytes, owner: $0) }, mappings: mappings)
  }

  /// Throws unless every tensor of the index is in the file it names. A file may hold more.
  private func checkOwners(_ found: [String: Int]) throws(SafetensorsError) {
    let wrong = owners.filter { found[$0.key] != $0.value }
    // The first by name, so that the same set gives the same line.
    guard let (name, owner) = wrong.min(by: { $0.key < $1.key }) else { return }
    let other = found[name].map { " but in \(quoted(shards[$0]))" } ?? ""
    throw SafetensorsError(
      index, .tensor(name), .shards("it is not in its file \(quoted(shards[owner]))\(other)"))
  }

  /// The files' paths with links resolved, so that what was checked is what is opened.
  private func resolvedPaths() throws(SafetensorsError) -> [String] {
    let roots = roots()
    var paths: [String] = []
    var missing: [String] = []
    for part in shards.indices {
      let path = shardPath(part)
      guard let resolved = resolve(path) else {
        guard errno == ENOENT else {
          // Whatever keeps it from being resolved keeps it from being opened.
          paths.append(path)
          continue
        }
        missing.append(quoted(shards[part]))
        continue
      }
      guard roots.contains(where: { resolved.hasPrefix($0) }) else {
        throw SafetensorsError(path, .shards("it is a link that leads out of the folder of the index"))
      }
      paths.append(resolved)
    }
    guard missing.isEmpty else {
      let names = missing.prefix(8).joined(separator: ", ") + (missing.count > 8 ? ", …" : "")
      throw SafetensorsError(
        index, .shards("\(missing.count) of the \(shards.count) files of the set are missing: \(names)"))
    }
    return paths
  }

  /// The folders, with a final slash, that a link may lead into: the index's own, and in the cache of the
  /// Hugging Face hub, where `snapshots/REVISION` holds links into `blobs`, the latter.
  private func roots() -> [String] {
    guard let folder = resolve(folder.isEmpty ? "." : folder) else { return [] }
    var roots = [folder.hasSuffix("/") ? folder : folder + "/"]
    let steps = folder.split(separator: "/")
    if steps.count >= 3, steps[steps.count - 2] == "snapshots" {
      roots.append("/" + steps.dropLast(2).joined(separator: "/") + "/blobs/")
    }
    return roots
  }

  /// What precedes the index's name in its path, with the slash.
  private var folder: Substring {
    index.lastIndex(of: "/").map { index[...$0] } ?? ""
  }

  private func shardPath(_ part: Int) -> String { folder + shards[part] }
}

/// The path with all links resolved, or `nil` and `errno`.
private func resolve(_ path: some StringProtocol) -> String? {
  guard let resolved = realpath(String(path), nil) else { return nil }
  defer { free(resolved) }
  return String(cString: resolved)
}
