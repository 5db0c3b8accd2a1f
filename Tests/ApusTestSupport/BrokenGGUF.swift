// GGUF files a careful reader refuses, by the rows of FAULTS.md. Expected is the whole line the user sees, where
// it does not depend on where records happen to lie, else its telling part.

import ApusTensor

/// One broken file.
package struct BrokenGGUF: Sendable, CustomStringConvertible {
  /// The row, such as `F05`.
  package let row: String
  /// What is broken.
  package let what: String
  /// The file.
  package let bytes: [UInt8]
  /// What the error says of it.
  package let expected: String

  package var description: String { "\(row) \(what)" }

  private init(_ row: String, _ what: String, _ expected: String, _ bytes: [UInt8]) {
    self.row = row
    self.what = what
    self.bytes = bytes
    self.expected = expected
  }

  private init(_ row: String, _ what: String, _ expected: String, _ build: (inout RawGGUF) -> Void) {
    var raw = RawGGUF()
    build(&raw)
    self.init(row, what, expected, raw.bytes())
  }

  /// Every case.
  package static let all: [BrokenGGUF] =
    notGGUF + versions + counts + lengths + names + values + alignments + dimensions + types + offsets

  private static let notGGUF =
    [BrokenGGUF("F01", "empty", "broken.gguf: not a GGUF file: it is empty", [])]
    + (1...7).map { count in
      BrokenGGUF(
        "F01", "\(count) bytes", "broken.gguf: not a GGUF file: it has only \(count) bytes",
        Array(RawGGUF().bytes()[..<count]))
    } + [
      BrokenGGUF(
        "F01", "zeros", "broken.gguf: not a GGUF file: it starts with the bytes 00 00 00 00",
        [UInt8](repeating: 0, count: 4096)),
      BrokenGGUF("F01", "old GGML magic", "it starts with the bytes 6c 6d 67 67") {
        $0.magic = Array("lmgg".utf8)
      },
    ]

  private static let versions =
    [UInt32(0), 1, 4, .max].map { version in
      BrokenGGUF(
        "F02", "version \(version)",
        "broken.gguf: GGUF version \(version) is not read, versions 2 and 3 are"
      ) { $0.version = version }
    } + [
      BrokenGGUF(
        "F02", "big-endian",
        "broken.gguf: GGUF version 3 in big-endian byte order is not read, little-endian is"
      ) { $0.version = UInt32(3).byteSwapped }
    ]

  private static let hugeCounts: [UInt64] = [.max, 1 << 63, 1 << 60, 1_000_000_000]

  private static let counts =
    hugeCounts.flatMap { count in
      [
        BrokenGGUF("F03", "\(count) keys", "broken.gguf: \(count) metadata keys, the limit is 65536") {
          $0.keyCount = count
        },
        BrokenGGUF("F03", "\(count) tensors", "broken.gguf: \(count) tensors, the limit is 65536") {
          $0.tensorCount = count
        },
      ]
    } + [
      BrokenGGUF("F03", "more keys than fit", "broken.gguf: file is truncated: needs 840024 bytes, has 32") {
        $0.keyCount = 60_000
      },
      BrokenGGUF(
        "F03", "more tensors than fit", "broken.gguf: file is truncated: needs 1980016 bytes, has 32"
      ) {
        $0.tensorCount = 60_000
      },
    ]

  private static let lengths =
    [UInt64.max, 1 << 63, 1 << 30].flatMap { length in
      [
        BrokenGGUF(
          "F04", "key of \(length) bytes",
          "broken.gguf: metadata key 0 (offset 0x18): \(length) bytes of key, the limit is 65536"
        ) { $0.keys = [RawGGUF.word(length) + [UInt8](repeating: 65, count: 24)] },
        BrokenGGUF(
          "F04", "string of \(length) bytes",
          "broken.gguf: key \"a\" (offset 0x18): \(length) bytes of string, the limit is 67108864"
        ) { $0.key("a", 8, RawGGUF.word(length)) },
        BrokenGGUF("F04", "string in an array of \(length) bytes", "\(length) bytes of string, the limit is")
        {
          $0.key("a", 9, RawGGUF.word(UInt32(8)) + RawGGUF.word(UInt64(1)) + RawGGUF.word(length))
        },
        BrokenGGUF(
          "F04", "tensor name of \(length) bytes", "\(length) bytes of tensor name, the limit is 256"
        ) {
          $0.tensors = [RawGGUF.word(length) + [UInt8](repeating: 65, count: 40)]
        },
      ]
    } + [
      BrokenGGUF(
        "F04", "key beyond the end", "metadata key 0 (offset 0x18): file is truncated: needs 1032 bytes"
      ) {
        $0.keys = [RawGGUF.word(UInt64(1000)) + [UInt8](repeating: 65, count: 24)]
      },
      BrokenGGUF(
        "F04", "string beyond the end", "key \"a\" (offset 0x18): file is truncated: needs 1045 bytes"
      ) {
        $0.key("a", 8, RawGGUF.word(UInt64(1000)))
      },
      BrokenGGUF("F04", "template of 2 MiB", "2097152 bytes of string, the limit is 1048576") {
        $0.key(
          "tokenizer.chat_template", 8, RawGGUF.word(UInt64(2 << 20)) + [UInt8](repeating: 65, count: 2 << 20)
        )
      },
    ]

  private static let names = [
    BrokenGGUF("F05", "empty key", "broken.gguf: metadata key 1 (offset 0x26): key is empty") {
      $0.key("a", 7, [1])
      $0.key("", 7, [1])
    },
    BrokenGGUF(
      "F05", "duplicate key", "broken.gguf: key \"a\" (offset 0x34): the same name is at offset 0x18 already"
    ) {
      $0.key("a", 7, [1])
      $0.key("b", 7, [1])
      $0.key("a", 7, [1])
    },
    BrokenGGUF("F05", "NUL in a key", "metadata key 0 (offset 0x18): key holds a NUL byte") {
      $0.key(bytes: [65, 0, 66], 7, [1])
    },
    BrokenGGUF("F05", "key not UTF-8", "metadata key 0 (offset 0x18): key is not valid UTF-8") {
      $0.key(bytes: [65, 0xff], 7, [1])
    },
    BrokenGGUF("F05", "key with a surrogate", "key is not valid UTF-8") {
      $0.key(bytes: [0xed, 0xa0, 0x80], 7, [1])
    },
    BrokenGGUF(
      "F05", "duplicate tensor name",
      "broken.gguf: tensor \"w\" (offset 0x39): the same name is at offset 0x18 already"
    ) {
      $0.tensor("w", [8])
      $0.tensor("w", [8], offset: 32)
      $0.dataBytes = 64
    },
    BrokenGGUF("F05", "empty tensor name", "broken.gguf: tensor 0 (offset 0x18): tensor name is empty") {
      $0.tensor("", [8])
      $0.dataBytes = 32
    },
    BrokenGGUF("F05", "NUL in a tensor name", "tensor name holds a NUL byte") {
      $0.tensor("a\0", [8])
      $0.dataBytes = 32
    },
    BrokenGGUF("F05", "line break in a name", "tensor \"a\\u{a}\\u{1b}[2J\" (offset 0x18): dimension 0 is 0")
    {
      $0.tensor("a\n\u{1b}[2J", [0])
      $0.dataBytes = 32
    },
  ]

  /// An array of arrays … of nothing, `depth` deep.
  private static func nested(_ depth: Int) -> [UInt8] {
    var value: [UInt8] = []
    for _ in 1..<depth { value += RawGGUF.word(UInt32(9)) + RawGGUF.word(UInt64(1)) }
    return value + RawGGUF.word(UInt32(0)) + RawGGUF.word(UInt64(0))
  }

  private static let values =
    [UInt32(13), 255, .max].flatMap { type in
      [
        BrokenGGUF(
          "F06", "value type \(type)",
          "broken.gguf: key \"a\" (offset 0x18): unknown value type \(type), 0 to 12 are known"
        ) { $0.key("a", type, [UInt8](repeating: 0, count: 16)) },
        BrokenGGUF("F06", "array of type \(type)", "unknown value type \(type), 0 to 12 are known") {
          $0.key("a", 9, RawGGUF.word(type) + RawGGUF.word(UInt64(0)))
        },
      ]
    }
    + [5, 100, 10_000].map { depth in
      BrokenGGUF("F06", "\(depth) arrays deep", "key \"a\" (offset 0x18): arrays nested more than 4 deep") {
        $0.key("a", 9, nested(depth))
      }
    }
    + hugeCounts.map { count in
      BrokenGGUF("F06", "array of \(count) items", "\(count) array items, the limit is 16777216") {
        $0.key("a", 9, RawGGUF.word(UInt32(12)) + RawGGUF.word(count))
      }
    } + [
      BrokenGGUF("F06", "array beyond the end", "file is truncated: needs 128000049 bytes, has") {
        $0.key("a", 9, RawGGUF.word(UInt32(12)) + RawGGUF.word(UInt64(16_000_000)))
      },
      BrokenGGUF("F06", "strings beyond the end", "file is truncated: needs 128000049 bytes, has") {
        $0.key("a", 9, RawGGUF.word(UInt32(8)) + RawGGUF.word(UInt64(16_000_000)))
      },
    ]

  private static let alignments =
    [UInt32(0), 3, 1 << 31, 1 << 17, .max].map { alignment in
      BrokenGGUF(
        "F07", "alignment \(alignment)",
        "broken.gguf: key \"general.alignment\": alignment is \(alignment), it must be a uint32 power of two up to 65536"
      ) { $0.key("general.alignment", 4, RawGGUF.word(alignment)) }
    } + [
      BrokenGGUF("F07", "alignment of type uint64", "alignment is of type uint64, it must be") {
        $0.key("general.alignment", 10, RawGGUF.word(UInt64(32)))
      },
      BrokenGGUF("F07", "alignment of type string", "alignment is of type string, it must be") {
        $0.key("general.alignment", 8, RawGGUF.text("32"))
      },
    ]

  private static let dimensions =
    [0, 5, .max].map { (count: UInt32) in
      BrokenGGUF(
        "F08", "\(count) dimensions",
        "broken.gguf: tensor \"w\" (offset 0x18): \(count) dimensions, 1 to 4 are possible"
      ) { $0.tensor("w", [1], count: count) }
    } + [
      BrokenGGUF("F08", "dimension 0", "broken.gguf: tensor \"w\" (offset 0x18): dimension 1 is 0") {
        $0.tensor("w", [32, 0])
      },
      BrokenGGUF("F08", "negative dimension", "dimension 0 is -32") {
        $0.tensor("w", [UInt64(bitPattern: -32)])
      },
      // The five places where a size can wrap: after each dimension, times the block's bytes, plus the offset.
      BrokenGGUF("F08", "overflow at dimension 1", "size [4294967296, 4294967296] does not fit 64 bits") {
        $0.tensor("w", [1 << 32, 1 << 32])
      },
      BrokenGGUF("F08", "overflow at dimension 2", "does not fit 64 bits") {
        $0.tensor("w", [1 << 24, 1 << 24, 1 << 24])
      },
      BrokenGGUF("F08", "overflow at dimension 3", "does not fit 64 bits") {
        $0.tensor("w", [1 << 16, 1 << 16, 1 << 16, 1 << 16])
      },
      BrokenGGUF("F08", "overflow in bytes", "does not fit 64 bits") { $0.tensor("w", [1 << 62], type: 28) },
      BrokenGGUF("F08", "elements overflow, bytes do not", "does not fit 64 bits") {
        $0.tensor("w", [1 << 32, 1 << 31], type: 2)
      },
      BrokenGGUF(
        "F08", "overflow with the offset", "file is truncated: needs more than 9223372036854775807 bytes"
      ) {
        $0.tensor("w", [1 << 60], offset: 1 << 62)
        $0.tensor("v", [1 << 60], offset: 3 << 61)
      },
    ]

  private static let types =
    [
      (UInt32(4), "Q4_2"), (5, "Q4_3"), (31, "Q4_0_4_4"), (32, "Q4_0_4_8"), (33, "Q4_0_8_8"),
      (36, "IQ4_NL_4_4"), (37, "IQ4_NL_4_8"), (38, "IQ4_NL_8_8"),
    ].map { id, name in
      BrokenGGUF(
        "F09", "removed type \(id)",
        "broken.gguf: tensor \"w\" (offset 0x18): type \(id) (\(name)) was removed from the format"
      ) { $0.tensor("w", [256], type: id) }
    }
    + [(UInt32(9), "Q8_1"), (16, "IQ2_XXS"), (34, "TQ1_0"), (40, "NVFP4")].map { id, name in
      BrokenGGUF("F09", "type \(name)", "type \(id) (\(name)) is not supported") {
        $0.tensor("w", [256], type: id)
      }
    }
    + [UInt32(42), 255, .max].map { id in
      BrokenGGUF("F09", "type \(id)", "tensor \"w\" (offset 0x18): unknown type \(id)") {
        $0.tensor("w", [256], type: id)
      }
    }
    + [(33, TensorType.q4_0), (1, .q8_0), (128, .q4_k)].map { (size: UInt64, type: TensorType) in
      BrokenGGUF(
        "F09", "rows of \(size) in \(type)",
        "rows of \(size) are no whole number of \(type) blocks of \(type.blockSize)"
      ) { $0.tensor("w", [size], type: type.id) }
    }

  private static let offsets = [
    BrokenGGUF(
      "F10", "unaligned",
      "broken.gguf: tensor \"w\" (offset 0x18): data offset 0x21 is not a multiple of the alignment 32"
    ) {
      $0.tensor("w", [8], offset: 33)
      $0.dataBytes = 128
    },
    BrokenGGUF("F10", "beyond the end", "broken.gguf: file is truncated: needs 8388704 bytes, has 96") {
      $0.tensor("w", [8], offset: 8 << 20)
      $0.dataBytes = 32
    },
    BrokenGGUF("F10", "half beyond the end", "broken.gguf: file is truncated: needs 320 bytes, has 224") {
      $0.tensor("w", [64])
      $0.dataBytes = 160
    },
    BrokenGGUF(
      "F10", "overlapping",
      "tensor \"v\" (offset 0x39): data 0x80..<0xa0 overlaps tensor \"w\" at 0x60..<0xa0"
    ) {
      $0.tensor("w", [16])
      $0.tensor("v", [8], offset: 32)
      $0.dataBytes = 64
    },
    BrokenGGUF("F10", "same place", "tensor \"v\" (offset 0x39): data 0x60..<0x80 overlaps tensor \"w\"") {
      $0.tensor("w", [8])
      $0.tensor("v", [8])
      $0.dataBytes = 64
    },
    BrokenGGUF(
      "F10", "offset + size overflows", "file is truncated: needs more than 9223372036854775807 bytes"
    ) {
      $0.tensor("w", [8], offset: .max - 31)
      $0.dataBytes = 64
    },
    BrokenGGUF("F10", "offset + size overflows a signed number", "needs more than 9223372036854775807 bytes")
    {
      $0.tensor("w", [8], offset: 1 << 63)
      $0.dataBytes = 64
    },
  ]
}
