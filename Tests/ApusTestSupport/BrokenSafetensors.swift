// Safetensors files a careful reader refuses, by the rows of FAULTS.md. Expected is the whole line the user sees
// after the file's name.

/// One broken file.
package struct BrokenSafetensors: Sendable, CustomStringConvertible {
  /// The row, such as `F18`.
  package let row: String
  /// What is broken.
  package let what: String
  /// The file.
  package let bytes: [UInt8]
  /// What the error says of it, after `broken.safetensors: `.
  package let expected: String

  package var description: String { "\(row) \(what)" }

  private init(_ row: String, _ what: String, _ expected: String, _ bytes: [UInt8]) {
    self.row = row
    self.what = what
    self.bytes = bytes
    self.expected = expected
  }

  /// A file of the header `text` and `data` bytes.
  private init(_ what: String, _ expected: String, text: String, data: Int = 0) {
    self.init("F18", what, expected, RawSafetensors(text, dataBytes: data).bytes())
  }

  /// A file of `records` and `data` bytes.
  private init(_ what: String, _ expected: String, data: Int, _ records: [String]) {
    self.init("F18", what, expected, RawSafetensors(records: records, dataBytes: data).bytes())
  }

  /// Every case.
  package static let all: [BrokenSafetensors] =
    [
      otherFiles, lengths, json, metadata, fields, names, numbers, types, sizes, partial, overflows, places,
      trailing,
    ].flatMap { $0 }

  private static func record(
    _ name: String, _ shape: String, _ offsets: String, _ dtype: String = "F32"
  ) -> String {
    RawSafetensors.record(name, shape, offsets, dtype)
  }

  /// A good tensor of four f32, in a record of 55 bytes.
  private static let good = record("w", "[2,2]", "[0,16]")

  private static let otherFiles =
    [BrokenSafetensors("F01", "empty", "not a safetensors file: it is empty", [])]
    + (1...7).map { count in
      BrokenSafetensors(
        "F01", "\(count) bytes", "not a safetensors file: it has only \(count) bytes",
        Array(RawSafetensors("{}").bytes()[..<count]))
    }
    + otherCases.map { what, bytes, expected in
      BrokenSafetensors("F01", what, "not a safetensors file: \(expected)", bytes)
    }

  private static let otherCases: [(String, [UInt8], String)] = [
    ("zeros", [UInt8](repeating: 0, count: 4096), "its header has no bytes"),
    ("GGUF", RawGGUF().bytes(), "it is a GGUF file"),
    ("JSON", Array("{\"weight_map\": {}}".utf8), "it is JSON"),
    (
      "zip", [0x50, 0x4B, 3, 4, 0, 0, 8, 8, 0],
      "it is a PyTorch pickle, which is not read because it can hold any program"
    ),
    (
      "pickle", [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9],
      "it is a PyTorch pickle, which is not read because it can hold any program"
    ),
    (
      "LFS pointer", Array("version https://git-lfs.github.com/spec/v1\n".utf8),
      "it is a pointer of Git LFS to the file; fetch that with git lfs pull"
    ),
  ]

  private static let lengths =
    [UInt64(100_000_001), 1 << 32, 1 << 63, .max].map { length in
      var raw = RawSafetensors("{}")
      raw.length = length
      return BrokenSafetensors(
        "F03", "header of \(length) bytes", "\(length) bytes of header, the limit is 100000000", raw.bytes())
    }
    + [(UInt64(3), "11"), (100_000_000, "100000008"), (640, "648")].map { (length: UInt64, needs: String) in
      var raw = RawSafetensors("{}")
      raw.length = length
      return BrokenSafetensors(
        "F18", "header of \(length) bytes, 2 there", "file is truncated: needs \(needs) bytes, has 10",
        raw.bytes())
    }
    + ["[]", " {}", "\u{FEFF}{}", "\"\""].map { (text: String) in
      let byte = "0x" + String(text.utf8.first ?? 0, radix: 16)
      return BrokenSafetensors(
        "header \(text)", "not a safetensors file: its header starts with the byte \(byte), not with {",
        text: text)
    }

  /// Headers that are not the JSON they should be: what, header, offset in the file, message.
  private typealias BadJSON = (String, String, Int, String)

  private static func badJSON(in place: String, _ cases: [BadJSON]) -> [BrokenSafetensors] {
    cases.map { what, text, offset, message in
      BrokenSafetensors(what, "\(place)offset 0x\(String(offset, radix: 16)): \(message)", text: text)
    }
  }

  private static let json =
    badJSON(
      in: "",
      [
        ("no end", "{\(good)", 0x40, "the text ends inside an array or object"),
        ("comma at the end", "{\(good),}", 0x41, "a comma with nothing behind it"),
        ("two headers", "{\(good)}{}", 0x41, "something follows the end of the document"),
        ("NUL behind it", "{\(good)}\0", 0x41, "something follows the end of the document"),
        ("on the second line", "{\n\"a\" 1}", 0xe, "':' should follow a key"),
        ("unpaired surrogate", "{\"\\ud800\":{}}", 0x10, "a surrogate without its pair"),
      ])
    + badJSON(
      in: "tensor \"w\": ",
      [
        ("a tensor that is a number", "{\"w\":1}", 0xd, "an object should be here"),
        ("a tensor that is an array", "{\"w\":[\"F32\",[1],[0,4]]}", 0xd, "an object should be here"),
        ("a dtype that is a number", "{\"w\":{\"dtype\":1}}", 0x16, "a string should be here"),
        ("a shape that is a number", "{\"w\":{\"shape\":1}}", 0x16, "an array should be here"),
        ("a shape of strings", "{\"w\":{\"shape\":[\"1\"]}}", 0x17, "a digit should be here"),
        ("a shape of shapes", "{\"w\":{\"shape\":[[1]]}}", 0x17, "a digit should be here"),
        ("a size that begins with 0", "{\"w\":{\"shape\":[01]}}", 0x17, "a number begins with 0"),
        ("200 deep", "{\"w\":{\"x\":" + String(repeating: "[", count: 200), 0x90, "nested deeper than 128"),
      ])
    + [[UInt8(0xff)], [0xc0, 0xaf], [0xed, 0xa0, 0x80]].map { (name: [UInt8]) in
      var raw = RawSafetensors("")
      raw.header = Array("{\"".utf8) + name + Array("\":{}}".utf8)
      return BrokenSafetensors(
        "F18", "name of the bytes \(name)", "offset 0xa: a string is not valid UTF-8", raw.bytes())
    }

  private static let metadata = [
    BrokenSafetensors(
      "metadata that is an array", "offset 0x18: an object should be here", text: "{\"__metadata__\":[]}"),
    BrokenSafetensors(
      "metadata of numbers", "__metadata__ \"a\": offset 0x1d: a string should be here",
      text: "{\"__metadata__\":{\"a\":1}}"),
    BrokenSafetensors(
      "metadata twice", "__metadata__ is there twice", text: "{\"__metadata__\":{},\"__metadata__\":{}}"),
    BrokenSafetensors(
      "a key of metadata twice", "__metadata__ \"a\": the same name is there twice",
      text: "{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}"),
  ]

  private static let fields = fieldCases.map { what, text, expected in
    BrokenSafetensors(what, "tensor \"w\": \(expected)", text: text, data: 4)
  }

  private static let fieldCases: [(String, String, String)] = [
    ("no dtype", "{\"w\":{\"shape\":[1],\"data_offsets\":[0,4]}}", "dtype is missing"),
    ("no shape", "{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", "shape is missing"),
    ("no offsets", "{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", "data_offsets is missing"),
    ("dtype twice", "{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "dtype is there twice"),
    ("shape twice", "{\"w\":{\"shape\":[1],\"shape\":[1]}}", "shape is there twice"),
    ("offsets twice", "{\"w\":{\"data_offsets\":[0],\"data_offsets\":[0]}}", "data_offsets is there twice"),
    ("offsets []", "{\(record("w", "[1]", "[]"))}", "data_offsets has 0 numbers, not 2"),
    ("offsets [0]", "{\(record("w", "[1]", "[0]"))}", "data_offsets has 1 numbers, not 2"),
    ("offsets [0,4,8]", "{\(record("w", "[1]", "[0,4,8]"))}", "data_offsets has more than 2 numbers"),
    ("9 dimensions", "{\(record("w", "[1,1,1,1,1,1,1,1,1]", "[0,4]"))}", "shape has more than 8 numbers"),
  ]

  private static let names = [
    BrokenSafetensors(
      "line break in a name", "tensor \"w\\u{a}\\u{1b}[2J\": dtype is missing",
      text: "{\"w\\n\\u001b[2J\":{}}"),
    BrokenSafetensors(
      "name of 65537 bytes", "65537 bytes of tensor name, the limit is 65536", data: 4,
      [record(String(repeating: "a", count: 65_537), "[1]", "[0,4]")]),
    BrokenSafetensors(
      "name twice", "tensor \"w\": the same name is there twice", data: 32,
      [good, record("w", "[2,2]", "[16,32]")]),
    BrokenSafetensors(
      "name twice, once with an escape", "tensor \"w\": the same name is there twice", data: 32,
      [good, record("\\u0077", "[2,2]", "[16,32]")]),
  ]

  private static let numbers = numberCases.flatMap { number, text in
    let expected = "has \(text), not an integer from 0 to 9223372036854775807"
    return [
      BrokenSafetensors(
        "size \(number)", "tensor \"w\": shape \(expected)", data: 4, [record("w", "[1,\(number)]", "[0,4]")]),
      BrokenSafetensors(
        "offset \(number)", "tensor \"w\": data_offsets \(expected)", data: 4,
        [record("w", "[1]", "[0,\(number)]")]),
    ]
  }

  private static let numberCases: [(String, String)] = [
    ("-1", "-1"), ("1.0", "1.0"), ("1e1", "10.0"), ("-0", "-0.0"),
    ("9223372036854775808", "9.223372036854776e+18"), ("18446744073709551615", "1.8446744073709552e+19"),
  ]

  private static let types = ["F7", "f32", "", "Q4_K", "I4", "F32 "].map { dtype in
    BrokenSafetensors(
      "dtype \(dtype)", "tensor \"w\": unknown dtype \"\(dtype)\"", data: 4,
      [record("w", "[1]", "[0,4]", dtype)])
  }

  private static let sizes = sizeCases.map { dtype, shape, bytes, needs in
    BrokenSafetensors(
      "\(bytes) bytes for \(shape) of \(dtype)",
      "tensor \"w\": data_offsets [0, \(bytes)] are \(bytes) bytes, size \(shape) of \(dtype) is \(needs)",
      data: bytes, [record("w", shape, "[0,\(bytes)]", dtype)])
  }

  private static let sizeCases: [(String, String, Int, Int)] = [
    ("F32", "[2, 2]", 12, 16), ("F16", "[3]", 8, 6), ("I8", "[]", 0, 1), ("F64", "[0]", 8, 0),
    ("F4", "[4]", 4, 2),
  ]

  private static let partial = [("F4", "[3]"), ("F6_E2M3", "[3, 1]")].map { dtype, shape in
    BrokenSafetensors(
      "\(shape) of \(dtype)", "tensor \"w\": size \(shape) of \(dtype) is no whole number of bytes", data: 2,
      [record("w", shape, "[0,2]", dtype)])
  }

  private static let overflows = overflowCases.map { dtype, shape in
    BrokenSafetensors(
      "overflow of \(shape) of \(dtype)", "tensor \"w\": size \(shape) of \(dtype) does not fit 64 bits",
      data: 0, [record("w", shape, "[0,0]", dtype)])
  }

  /// The places where a size can wrap: between dimensions, times the bits, and before a 0 that comes too late.
  private static let overflowCases: [(String, String)] = [
    ("F32", "[4294967296, 4294967296]"), ("I8", "[65536, 65536, 65536, 65536]"),
    ("F4", "[3037000500, 3037000500]"), ("F32", "[4611686018427387904]"), ("BOOL", "[9223372036854775807]"),
    ("F32", "[4611686018427387904, 4611686018427387904, 0]"),
  ]

  private static let places =
    [
      BrokenSafetensors(
        "reversed", "tensor \"w\": data_offsets [16, 0] end before they begin", data: 16,
        [record("w", "[2,2]", "[16,0]")]),
      BrokenSafetensors(
        "overlapping", "tensor \"v\": data_offsets [12, 28] overlap tensor \"w\" at [0, 16]", data: 28,
        [good, record("v", "[4]", "[12,28]")]),
      BrokenSafetensors(
        "overlapping, last first", "tensor \"w\": data_offsets [0, 16] overlap tensor \"v\" at [12, 28]",
        data: 28, [record("v", "[4]", "[12,28]"), good]),
      BrokenSafetensors(
        "same place", "tensor \"v\": data_offsets [0, 16] overlap tensor \"w\" at [0, 16]", data: 16,
        [good, record("v", "[4]", "[0,16]")]),
      BrokenSafetensors(
        "nothing inside a tensor", "tensor \"v\": data_offsets [4, 4] overlap tensor \"w\" at [0, 16]",
        data: 16,
        [good, record("v", "[0]", "[4,4]")]),
      BrokenSafetensors(
        "hole at the start", "tensor \"w\": data_offsets [4, 20] leave 4 unused bytes before them", data: 20,
        [record("w", "[4]", "[4,20]")]),
      BrokenSafetensors(
        "hole", "tensor \"v\": data_offsets [24, 40] leave 8 unused bytes before them", data: 40,
        [record("v", "[4]", "[24,40]"), good]),
      BrokenSafetensors(
        "nothing far away", "tensor \"v\": data_offsets [20, 20] leave 4 unused bytes before them", data: 20,
        [good, record("v", "[0]", "[20,20]")]),
      BrokenSafetensors("no data", "file is truncated: needs 81 bytes, has 65", data: 0, [good]),
      BrokenSafetensors("one byte short", "file is truncated: needs 81 bytes, has 80", data: 15, [good]),
      BrokenSafetensors(
        "half an EB", "file is truncated: needs 576460752303423583 bytes, has 111", data: 16,
        [record("w", "[576460752303423488]", "[0,576460752303423488]", "I8")]),
      BrokenSafetensors(
        "data beyond 64 bits", "file is truncated: needs more than 9223372036854775807 bytes, has 935",
        data: 0,
        // The last ends one byte below 2^63; behind a header it cannot.
        (0..<8).map { index in
          let size = (1 << 60) - 1
          return record("w\(index)", "[\(size)]", "[\(index * size),\((index + 1) * size)]", "I8")
        } + [record("v", "[7]", "[\(Int.max - 7),\(Int.max)]", "I8")]),
    ]

  private static let trailing =
    [1, 4, 4096].map { count in
      BrokenSafetensors(
        "F12", "\(count) bytes behind it", "\(count) bytes after the last tensor (offset 0x51)",
        RawSafetensors(records: [good], dataBytes: 16 + count).bytes())
    } + [
      BrokenSafetensors(
        "F12", "bytes and no tensor", "8 bytes after the last tensor (offset 0xa)",
        RawSafetensors("{}", dataBytes: 8).bytes())
    ]
}
