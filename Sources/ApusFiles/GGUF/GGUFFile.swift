// A GGUF file opened for reading, or a set of files that are one model: metadata, tensors, and their bytes in
// place. How a set is put together is in GGUFSplit.

import ApusBasics
import ApusRuntime

/// An open GGUF file.
///
///     let file = try GGUFFile.open("model.gguf")
///     for tensor in file.tensors { print(tensor.name, tensor.type, tensor.dimensions) }
///
/// Versions 2 and 3, little-endian. The file is mapped, not read; everything in its header is checked when it
/// is opened, so that no later access can leave it.
public final class GGUFFile: Sendable {
  /// The path it was opened with, or the name given for bytes in memory.
  public let name: String
  /// The format's version.
  public let version: Int
  /// What tensors are aligned to, in bytes.
  public let alignment: Int
  /// Keys and values; of a split set the first file's.
  public let metadata: GGUFMetadata
  /// The tensors in the file's order; of a split set all files' tensors.
  public let tensors: [GGUFTensor]
  /// What was odd and harmless, one line each.
  public let warnings: [String]

  private let places: [String: Int]
  /// The bytes of each file of the set.
  private let parts: [SharedBytes]
  /// The files mapped; none for bytes in memory.
  private let mappings: [MappedFile]

  init(
    name: String, first: GGUFContents, tensors: [GGUFTensor], warnings: [String], parts: [SharedBytes],
    mappings: [MappedFile]
  ) {
    self.name = name
    version = Int(first.version)
    alignment = first.alignment
    metadata = first.metadata
    self.tensors = tensors
    self.warnings = warnings
    self.parts = parts
    self.mappings = mappings
    places = Dictionary(
      tensors.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// Opens the file at `path`; of a split set (`…-00001-of-00003.gguf`) the first, with which come the rest.
  ///
  /// - Throws: `GGUFError`.
  /// - Complexity: O(*header*); a vocabulary of 150,000 strings takes about a millisecond.
  public static func open(_ path: String, limits: Limits = Limits()) throws(GGUFError) -> GGUFFile {
    let (contents, mapping) = try GGUFContents.open(path, limits.gguf)
    let bytes = SharedBytes(mapping.bytes, owner: mapping)
    if let set = try GGUFSplit(path: path, metadata: contents.metadata, limits: limits.gguf) {
      return try set.open(first: contents, mapping, limits.gguf)
    }
    return GGUFFile(
      name: path, first: contents, tensors: contents.tensors, warnings: contents.warnings, parts: [bytes],
      mappings: [mapping])
  }

  /// Reads a file that is already in memory; `name` is for errors.
  public convenience init(bytes: [UInt8], name: String, limits: Limits = Limits()) throws(GGUFError) {
    try self.init(SharedBytes(bytes), name: name, limits: limits)
  }

  /// Reads a file from memory that `bytes` keeps alive; `name` is for errors.
  package convenience init(_ bytes: SharedBytes, name: String, limits: Limits = Limits()) throws(GGUFError) {
    let contents = try GGUFContents(bytes, name: name, limits: limits.gguf)
    self.init(
      name: name, first: contents, tensors: contents.tensors, warnings: contents.warnings, parts: [bytes],
      mappings: [])
  }

  /// The tensor called `name`, or `nil`.
  public func tensor(named name: String) -> GGUFTensor? {
    places[name].map { tensors[$0] }
  }

  /// The bytes of a tensor of this file, in place: use them only while the file is alive.
  ///
  /// - Complexity: O(1).
  public func bytes(of tensor: GGUFTensor) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: parts[tensor.part].buffer[tensor.range])
  }

  /// Bytes of all files of the set together.
  public var byteCount: Int { parts.reduce(0) { $0 + $1.buffer.count } }

  /// Throws when a file was written, truncated or replaced since it was opened.
  public func verifyUnchanged() throws(FileError) {
    for mapping in mappings { try mapping.verifyUnchanged() }
  }

  /// Tells the system how a tensor's bytes, or some of them, are about to be used.
  package func advise(_ access: MappedFile.Access, _ tensor: GGUFTensor, _ bytes: Range<Int>? = nil) {
    guard !mappings.isEmpty else { return }
    let bytes = bytes ?? 0..<tensor.byteCount
    mappings[tensor.part].advise(
      access, tensor.offset + bytes.lowerBound..<tensor.offset + bytes.upperBound)
  }

  /// The paths of the files mapped.
  package var paths: [String] { mappings.map(\.path) }
}

extension GGUFContents {
  /// Maps and reads the file at `path`.
  static func open(_ path: String, _ limits: Limits.GGUF) throws(GGUFError) -> (GGUFContents, MappedFile) {
    let mapping: MappedFile
    do {
      mapping = try MappedFile(path: path)
    } catch {
      throw GGUFError(path, .file(error))
    }
    let bytes = SharedBytes(mapping.bytes, owner: mapping)
    return (try GGUFContents(bytes, name: path, limits: limits), mapping)
  }
}
