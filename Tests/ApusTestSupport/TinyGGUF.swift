// Small GGUF files in memory: valid ones through the writer's own header, and a builder of raw records for
// those that no writer would make.

import ApusFiles
import ApusTensor

/// A valid GGUF file put together in memory.
///
///     var tiny = TinyGGUF()
///     tiny.header.set("general.architecture", .string("llama"))
///     tiny.add("output_norm.weight", [32], [Float](repeating: 1, count: 32))
///     let file = try GGUFFile(bytes: tiny.bytes(), name: "tiny.gguf")
package struct TinyGGUF {
  package var header = GGUFHeader()
  private var data: [[UInt8]] = []

  package init() {}

  /// Adds an f32 tensor.
  package mutating func add(_ name: String, _ dimensions: [Int], _ values: [Float]) {
    precondition(values.count == dimensions.reduce(1, *))
    add(name, .f32, dimensions, values.withUnsafeBytes { [UInt8]($0) })
  }

  /// Adds a tensor of any type from its blocks.
  package mutating func add(_ name: String, _ type: TensorType, _ dimensions: [Int], _ bytes: [UInt8]) {
    header.addTensor(name, type: type, dimensions: dimensions)
    precondition(bytes.count == header.tensors.last?.byteCount)
    data.append(bytes)
  }

  /// The file.
  package func bytes() -> [UInt8] {
    var file = header.encoded()
    for bytes in data {
      file += bytes
      file += [UInt8](
        repeating: 0, count: (header.alignment - bytes.count % header.alignment) % header.alignment)
    }
    return file
  }

  /// One key of each value type, arrays of each, arrays of arrays; tensors of several types; 1 to 4 dimensions.
  package static func sample() -> TinyGGUF {
    var tiny = TinyGGUF()
    tiny.header.set("general.architecture", .string("none"))
    tiny.header.set("a.uint8", .scalar(UInt8(200)))
    tiny.header.set("a.int8", .scalar(Int8(-100)))
    tiny.header.set("a.uint16", .scalar(UInt16(60_000)))
    tiny.header.set("a.int16", .scalar(Int16(-30_000)))
    tiny.header.set("a.uint32", .scalar(UInt32(4_000_000_000)))
    tiny.header.set("a.int32", .scalar(Int32(-2_000_000_000)))
    tiny.header.set("a.float32", .scalar(Float(0.1)))
    tiny.header.set("a.bool", .scalar(true))
    tiny.header.set("a.string", .string("swift \u{1F426} \n"))
    tiny.header.set("a.uint64", .scalar(UInt64.max))
    tiny.header.set("a.int64", .scalar(Int64.min))
    tiny.header.set("a.float64", .scalar(0.1))
    tiny.header.set("b.tokens", .strings(["", "a", "\u{2581}the", "\0"]))
    tiny.header.set("b.scores", .scalars([Float(0), -1.5, .infinity]))
    tiny.header.set("b.types", .scalars([Int32(1), -1, 6]))
    tiny.header.set("b.bytes", .scalars([UInt8(1), 2, 3]))
    tiny.header.set("b.long", .scalars([UInt64(1), UInt64.max]))
    tiny.header.set("b.flags", .scalars([true, false]))
    tiny.header.set("b.none", .strings([]))
    tiny.header.set("b.nested", .arrays([.strings(["x", "yz"]), .scalars([UInt16(7)]), .strings([])]))
    tiny.add("one", [3], [1, 2, 3])
    tiny.add("two", [4, 2], (0..<8).map { Float($0) })
    tiny.add("three", .q8_0, [32, 2, 1], [UInt8](repeating: 1, count: 68))
    tiny.add("four", .bf16, [1, 2, 1, 2], [0x80, 0x3f, 0, 0x40, 0x40, 0x40, 0x80, 0x40])
    return tiny
  }
}

/// A GGUF file written record by record, true or not.
package struct RawGGUF {
  package var magic: [UInt8] = Array("GGUF".utf8)
  package var version: UInt32 = 3
  /// The counts, where they are to differ from the number of records.
  package var tensorCount: UInt64?
  package var keyCount: UInt64?
  package var keys: [[UInt8]] = []
  package var tensors: [[UInt8]] = []
  package var alignment = 32
  package var dataBytes = 0

  package init() {}

  /// Adds a key; `value` is what follows the type.
  package mutating func key(_ name: String, _ type: UInt32, _ value: [UInt8]) {
    key(bytes: Array(name.utf8), type, value)
  }

  /// Adds a key whose name is any bytes.
  package mutating func key(bytes name: [UInt8], _ type: UInt32, _ value: [UInt8]) {
    keys.append(Self.word(UInt64(name.count)) + name + Self.word(type) + value)
  }

  /// Adds a tensor; `count` is its number of dimensions where that is to differ.
  package mutating func tensor(
    _ name: String, _ dimensions: [UInt64], type: UInt32 = 0, offset: UInt64 = 0, count: UInt32? = nil
  ) {
    tensors.append(
      Self.text(name) + Self.word(count ?? UInt32(dimensions.count)) + dimensions.flatMap { Self.word($0) }
        + Self.word(type) + Self.word(offset))
  }

  /// The file: header, records, padding, `dataBytes` zeros.
  package func bytes() -> [UInt8] {
    var file = magic + Self.word(version)
    file += Self.word(tensorCount ?? UInt64(tensors.count)) + Self.word(keyCount ?? UInt64(keys.count))
    file += keys.joined()
    file += tensors.joined()
    file += [UInt8](repeating: 0, count: (alignment - file.count % alignment) % alignment)
    return file + [UInt8](repeating: 0, count: dataBytes)
  }

  /// A number as its little-endian bytes.
  package static func word(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
  }

  /// A string with its length.
  package static func text(_ text: String) -> [UInt8] { word(UInt64(text.utf8.count)) + Array(text.utf8) }
}
