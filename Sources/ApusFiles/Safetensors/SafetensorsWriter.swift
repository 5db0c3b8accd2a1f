// Writing a safetensors file: header, then the tensors' data without a gap, each aligned to its numbers. The file
// appears under its name only when everything is there.

import ApusBasics
import ApusRuntime
import ApusTensor

/// A safetensors file to be written.
///
///     var writer = SafetensorsWriter(metadata: ["format": "pt"])
///     writer.add("w", type: .f32, shape: [2, 2], bytes: bytes)
///     try writer.write(to: "out.safetensors")
public struct SafetensorsWriter {
  /// Calls its argument with the tensor's bytes, at once or in pieces.
  public typealias Data = ((UnsafeRawBufferPointer) -> Void) -> Void

  private struct Tensor {
    let name: String
    let dtype: SafetensorsDType
    let shape: [Int]
    let byteCount: Int
    let data: Data
  }

  /// What becomes the header's `__metadata__`.
  public var metadata: [String: String]
  private var tensors: [Tensor] = []
  private var names: Set<String> = []

  /// A file without tensors.
  public init(metadata: [String: String] = [:]) {
    self.metadata = metadata
  }

  /// Adds a tensor whose bytes are asked for when the file is written; a writer may be asked more than once.
  ///
  /// - Parameters:
  ///   - name: not yet used, and not `__metadata__`, which the format reserves.
  ///   - type: a plain number type: the format has no blocks.
  ///   - shape: outermost dimension first; empty for a scalar.
  ///   - data: gives exactly the bytes that shape and type ask for.
  public mutating func add(_ name: String, type: TensorType, shape: [Int], data: @escaping Data) {
    guard let dtype = SafetensorsDType(type) else { preconditionFailure("\(type) is no type of the format") }
    add(name, dtype: dtype, shape: shape, data: data)
  }

  /// Adds a tensor of any type of the format, also of those that products do not read.
  public mutating func add(_ name: String, dtype: SafetensorsDType, shape: [Int], data: @escaping Data) {
    guard let bits = checkedProduct(of: shape + [dtype.bits]) else {
      preconditionFailure("size \(shape) of \(name) is impossible")
    }
    let byteCount = bits / 8
    precondition(name != "__metadata__" && names.insert(name).inserted, "the name \(name) is taken")
    tensors.append(Tensor(name: name, dtype: dtype, shape: shape, byteCount: byteCount, data: data))
  }

  /// Adds a tensor from its bytes.
  public mutating func add(_ name: String, type: TensorType, shape: [Int], bytes: [UInt8]) {
    add(name, type: type, shape: shape) { write in bytes.withUnsafeBytes(write) }
  }

  /// Writes the file.
  ///
  /// - Parameter replacing: whether an existing file may be replaced.
  /// - Throws: `FileError`; nothing is left behind then, and a disk too full shows before anything is written.
  public func write(to path: String, replacing: Bool = false) throws(FileError) {
    var file = try AtomicFile(path: path, replacing: replacing, expectedBytes: byteCount)
    try write { bytes throws(FileError) in try file.write(bytes) }
    try file.commit()
  }

  /// Gives the file piece by piece; the first error of `sink` ends it.
  public func write<Failure>(_ sink: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
    var failure: Failure?
    func pass(_ bytes: UnsafeRawBufferPointer) {
      guard failure == nil else { return }
      do throws(Failure) { try sink(bytes) } catch { failure = error }
    }
    let order = dataOrder
    header(order).withUnsafeBytes(pass)
    for tensor in order where failure == nil { give(tensor, pass) }
    if let failure { throw failure }
  }

  /// Bytes of the whole file.
  public var byteCount: Int { dataOrder.reduce(header(dataOrder).count) { $0 + $1.byteCount } }

  /// The file in memory.
  public func bytes() -> [UInt8] {
    var file: [UInt8] = []
    write { file.append(contentsOf: $0) }
    return file
  }

  /// The largest numbers first, else as added: without gaps between them all are aligned then.
  private var dataOrder: [Tensor] {
    tensors.indices.sorted { (-tensors[$0].dtype.bits, $0) < (-tensors[$1].dtype.bits, $1) }
      .map { tensors[$0] }
  }

  /// Passes a tensor's bytes on, counting them.
  private func give(_ tensor: Tensor, _ write: (UnsafeRawBufferPointer) -> Void) {
    var count = 0
    tensor.data { bytes in
      count += bytes.count
      precondition(count <= tensor.byteCount, "\(tensor.name) is given more than \(tensor.byteCount) bytes")
      write(bytes)
    }
    precondition(count == tensor.byteCount, "\(tensor.name) is given \(count) of \(tensor.byteCount) bytes")
  }

  /// Length and header, padded so that the data starts at a multiple of 8.
  private func header(_ order: [Tensor]) -> [UInt8] {
    var header = JSONObject()
    if !metadata.isEmpty {
      var object = JSONObject()
      for key in metadata.keys.sorted() { object[key] = metadata[key].map { .string($0) } }
      header["__metadata__"] = .object(object)
    }
    var offset = 0
    for tensor in order {
      var record = JSONObject()
      record["dtype"] = .string(tensor.dtype.rawValue)
      record["shape"] = .array(tensor.shape.map { .int(Int64($0)) })
      record["data_offsets"] = .array([.int(Int64(offset)), .int(Int64(offset + tensor.byteCount))])
      header[tensor.name] = .object(record)
      offset += tensor.byteCount
    }
    var text: [UInt8] = []
    JSONValue.object(header).append(to: &text)
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { [UInt8]($0) } + text
  }
}
