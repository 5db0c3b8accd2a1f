// A safetensors file opened for reading, or a set of files that are one model: names, shapes, and the tensors'
// bytes in place. How a set is put together is in SafetensorsSet.

import ApusBasics
import ApusRuntime

/// An open safetensors file.
///
///     let file = try SafetensorsFile.open("model.safetensors")
///     for tensor in file.tensors { print(tensor.name, tensor.dtype, tensor.shape) }
///
/// The file is mapped, not read; everything in its header is checked when it is opened, so that no later access
/// can leave it.
public final class SafetensorsFile: Sendable {
  /// The path it was opened with, or the name given for bytes in memory.
  public let name: String
  /// The tensors in the order of their data; of a set all files' tensors.
  public let tensors: [SafetensorsTensor]
  /// The header's `__metadata__`; of a set the first file's.
  public let metadata: [String: String]

  private let places: [String: Int]
  /// The bytes of each file of the set.
  private let parts: [SharedBytes]
  /// The files mapped; none for bytes in memory.
  private let mappings: [MappedFile]

  init(
    name: String, tensors: [SafetensorsTensor], metadata: [String: String], parts: [SharedBytes],
    mappings: [MappedFile]
  ) {
    self.name = name
    self.tensors = tensors
    self.metadata = metadata
    self.parts = parts
    self.mappings = mappings
    places = Dictionary(
      tensors.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// Opens the file at `path`; where that ends in `.index.json`, all files of the set it lists, as one.
  ///
  /// - Throws: `SafetensorsError`.
  /// - Complexity: O(*header*).
  public static func open(
    _ path: String, limits: Limits = Limits()
  ) throws(SafetensorsError) -> SafetensorsFile {
    if path.hasSuffix(".index.json") {
      return try SafetensorsSet(index: path, limits: limits.safetensors).open()
    }
    let mapping = try map(path, name: path)
    let contents = try SafetensorsContents(mapping.bytes, name: path, limits: limits.safetensors)
    return SafetensorsFile(
      name: path, tensors: contents.tensors, metadata: contents.metadata,
      parts: [SharedBytes(mapping.bytes, owner: mapping)], mappings: [mapping])
  }

  /// Reads a file that is already in memory; `name` is for errors.
  public convenience init(bytes: [UInt8], name: String, limits: Limits = Limits()) throws(SafetensorsError) {
    let bytes = SharedBytes(bytes)
    let contents = try SafetensorsContents(bytes.buffer, name: name, limits: limits.safetensors)
    self.init(
      name: name, tensors: contents.tensors, metadata: contents.metadata, parts: [bytes], mappings: [])
  }

  /// Maps the file at `path`, which errors call `name`.
  static func map(_ path: String, name: String) throws(SafetensorsError) -> MappedFile {
    do {
      return try MappedFile(path: path)
    } catch {
      throw SafetensorsError(name, .file(error))
    }
  }

  /// The tensor called `name`, or `nil`.
  public func tensor(named name: String) -> SafetensorsTensor? {
    places[name].map { tensors[$0] }
  }

  /// The bytes of a tensor of this file, in place: use them only while the file is alive.
  ///
  /// The format aligns nothing: see `isAligned`. `TensorType.decode` takes bytes at any address.
  ///
  /// - Complexity: O(1).
  public func bytes(of tensor: SafetensorsTensor) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: parts[tensor.part].buffer[tensor.range])
  }

  /// Whether the bytes of a tensor start at a multiple of its numbers' size, so that they can be read as those
  /// numbers where they are. Otherwise use `loadUnaligned`, or copy them first.
  public func isAligned(_ tensor: SafetensorsTensor) -> Bool {
    guard let start = bytes(of: tensor).baseAddress else { return true }
    return Int(bitPattern: start) % max(1, tensor.dtype.bits / 8) == 0
  }

  /// Bytes of all files of the set together.
  public var byteCount: Int { parts.reduce(0) { $0 + $1.buffer.count } }

  /// Throws when a file was written, truncated or replaced since it was opened.
  public func verifyUnchanged() throws(FileError) {
    for mapping in mappings { try mapping.verifyUnchanged() }
  }

  /// Tells the system how a tensor's bytes are about to be used.
  package func advise(_ access: MappedFile.Access, _ tensor: SafetensorsTensor) {
    guard !mappings.isEmpty else { return }
    mappings[tensor.part].advise(access, tensor.range)
  }

  /// The paths of the files mapped.
  package var paths: [String] { mappings.map(\.path) }
}
