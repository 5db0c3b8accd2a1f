// What a GGUF file is going to say, put together by a program: metadata and tensor records. Writing the file
// with the tensors' data is in GGUFWriter.

import ApusBasics
import ApusTensor

/// The header of a GGUF file to be written, version 3.
///
///     var header = GGUFHeader()
///     header.set("general.architecture", .string("llama"))
///     header.addTensor("output_norm.weight", type: .f32, dimensions: [4096])
public struct GGUFHeader: Sendable {
  /// The keys in order, with their values.
  public private(set) var metadata: [(key: String, value: GGUFValue)] = []
  /// The tensors in the order their data follows.
  public private(set) var tensors: [Record] = []
  private var keys: [String: Int] = [:]
  private var names: Set<String> = []

  /// A tensor to be written.
  public struct Record: Sendable {
    /// Its name.
    public let name: String
    /// Its type.
    public let type: TensorType
    /// Its shape, the dimension that lies side by side in memory first.
    public let dimensions: [Int]
    /// Bytes of its data.
    public let byteCount: Int
  }

  /// An empty header.
  public init() {}

  /// Adds `key`, or replaces its value where it stands.
  public mutating func set(_ key: String, _ value: GGUFValue) {
    precondition(!key.isEmpty && !key.utf8.contains(0), "a GGUF key is not empty and holds no NUL")
    if let index = keys[key] {
      metadata[index].value = value
    } else {
      keys[key] = metadata.count
      metadata.append((key, value))
    }
  }

  /// Adds a tensor. Its name must be new, its shape 1 to 4 positive dimensions of whole blocks.
  public mutating func addTensor(_ name: String, type: TensorType, dimensions: [Int]) {
    precondition(
      !name.isEmpty && names.insert(name).inserted, "tensor name \(name) is empty or there already")
    precondition((1...4).contains(dimensions.count) && dimensions.allSatisfy { $0 > 0 }, "no tensor's shape")
    guard let rows = checkedProduct(of: dimensions.dropFirst()),
      let bytes = type.bytes(rows: rows, columns: dimensions[0])
    else { preconditionFailure("\(name): \(dimensions) is no whole number of \(type) blocks") }
    tensors.append(Record(name: name, type: type, dimensions: dimensions, byteCount: bytes))
  }

  /// What tensors are aligned to: `general.alignment`, which must be a power of two, or 32.
  public var alignment: Int {
    guard let index = keys["general.alignment"] else { return GGUFContents.defaultAlignment }
    guard let value = metadata[index].value.int, value > 0, value & (value - 1) == 0 else {
      preconditionFailure("general.alignment is a power of two")
    }
    return value
  }

  /// `size` rounded up to the alignment.
  func padded(_ size: Int) -> Int { (size + alignment - 1) / alignment * alignment }

  /// The header's bytes, padded to where the data of the first tensor starts.
  ///
  /// - Complexity: O(*n*).
  public func encoded() -> [UInt8] {
    var wire = GGUFBytes()
    wire.append(GGUFContents.magic)
    wire.append(UInt32(3))
    wire.append(UInt64(tensors.count))
    wire.append(UInt64(metadata.count))
    for (key, value) in metadata {
      wire.append(key)
      wire.append(value.type.rawValue)
      wire.bytes.append(contentsOf: value.wire.buffer)
    }
    var offset = 0
    for tensor in tensors {
      wire.append(tensor.name)
      wire.append(UInt32(tensor.dimensions.count))
      for dimension in tensor.dimensions { wire.append(UInt64(dimension)) }
      wire.append(tensor.type.id)
      wire.append(UInt64(offset))
      offset += padded(tensor.byteCount)
    }
    wire.bytes.append(contentsOf: repeatElement(0, count: padded(wire.bytes.count) - wire.bytes.count))
    return wire.bytes
  }

  /// Bytes of all tensors' data with their padding.
  var dataBytes: Int { tensors.reduce(0) { $0 + padded($1.byteCount) } }
}
