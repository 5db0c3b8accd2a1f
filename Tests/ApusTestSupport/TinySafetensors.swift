// Small safetensors files in memory: valid ones through the writer, and a builder of raw headers for those that
// no writer would make.

import ApusFiles
import ApusTensor

/// A valid safetensors file put together in memory.
///
///     var tiny = TinySafetensors()
///     tiny.add("w", [2, 2], [1, 2, 3, 4])
///     let file = try SafetensorsFile(bytes: tiny.bytes(), name: "tiny.safetensors")
package struct TinySafetensors {
  package var writer = SafetensorsWriter()

  package init() {}

  /// Adds an f32 tensor.
  package mutating func add(_ name: String, _ shape: [Int], _ values: [Float]) {
    writer.add(name, type: .f32, shape: shape, bytes: values.withUnsafeBytes { [UInt8]($0) })
  }

  /// The file.
  package func bytes() -> [UInt8] { writer.bytes() }

  /// A tensor of each type the writer has, 0 to 8 dimensions, one without numbers, names of all kinds.
  package static func sample() -> TinySafetensors {
    var tiny = TinySafetensors()
    tiny.writer.metadata = ["format": "pt", "note": "swift \u{1F426} \"\n"]
    tiny.writer.add("half", type: .f16, shape: [3], bytes: [0, 0x3c, 0, 0x40, 0, 0x42])
    tiny.writer.add("brain", type: .bf16, shape: [1, 2, 1], bytes: [0x80, 0x3f, 0, 0x40])
    tiny.add("scalar", [], [7])
    tiny.add("matrix", [2, 3], [0, 1, 2, 3, 4, 5])
    tiny.add("none", [2, 0, 3], [])
    tiny.add("deep", [1, 1, 1, 2, 1, 1, 1, 1], [8, 9])
    tiny.writer.add("double", type: .f64, shape: [1], bytes: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
    tiny.writer.add("i8 \u{e9} \\", type: .i8, shape: [3], bytes: [1, 2, 0xff])
    tiny.writer.add("i16", type: .i16, shape: [1], bytes: [1, 0x80])
    tiny.writer.add("i32", type: .i32, shape: [1, 1], bytes: [1, 0, 0, 0x80])
    tiny.writer.add("i64", type: .i64, shape: [1], bytes: [1, 0, 0, 0, 0, 0, 0, 0x80])
    return tiny
  }
}

/// A safetensors file written as told, true or not.
package struct RawSafetensors {
  /// The header's length, where it is to differ from the header's.
  package var length: UInt64?
  package var header: [UInt8]
  package var dataBytes: Int

  package init(_ header: String, dataBytes: Int = 0) {
    self.header = Array(header.utf8)
    self.dataBytes = dataBytes
  }

  /// A file of the tensors in `records`, such as `"w":{"dtype":"F32",…}`, see `record`.
  package init(records: [String], dataBytes: Int) {
    self.init("{" + records.joined(separator: ",") + "}", dataBytes: dataBytes)
  }

  /// A tensor's record as text; shape and offsets are the JSON that stands there.
  package static func record(
    _ name: String, _ shape: String, _ offsets: String, _ dtype: String = "F32"
  ) -> String {
    "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
  }

  /// The file: length, header, `dataBytes` zeros.
  package func bytes() -> [UInt8] {
    let length = length ?? UInt64(header.count)
    return withUnsafeBytes(of: length.littleEndian) { [UInt8]($0) } + header
      + [UInt8](repeating: 0, count: dataBytes)
  }
}
