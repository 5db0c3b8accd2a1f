// Every tensor type against the `gguf` package's arithmetic, bit for bit; see Fixtures/formats.py.

import ApusFiles
import ApusTestSupport
import Testing

@testable import ApusTensor

/// The fixture's tensors.
private let fixture = try? GGUFFile.open(Fixtures.path("formats.gguf"))

private func floats(_ name: String) throws -> [Float] {
  let file = try #require(fixture)
  let tensor = try #require(file.tensor(named: name), "no tensor \(name)")
  return file.bytes(of: tensor).withMemoryRebound(to: Float.self) { Array($0) }
}

/// Bits, with every NaN the same: its sign and payload are the one thing formats do not define.
private func canonical(_ value: Float) -> UInt32 { value.isNaN ? 0x7fc0_0000 : value.bitPattern }

@Suite struct FormatTests {
  @Test("Decoding gives the gguf package's bits", arguments: TensorType.all)
  func decode(_ type: TensorType) throws {
    let expected = try floats("decode.\(type.name).values")
    let file = try #require(fixture)
    let tensor = try #require(file.tensor(named: "decode.\(type.name)"))
    #expect(tensor.type == type)
    var values = [Float](repeating: 0, count: expected.count)
    values.withUnsafeMutableBufferPointer { type.decode(file.bytes(of: tensor), into: $0) }
    let wrong = values.indices.first { canonical(values[$0]) != canonical(expected[$0]) }
    #expect(wrong == nil, "value \(wrong!) is \(values[wrong!]), not \(expected[wrong!])")
  }

  static let encodable = TensorType.all.filter(\.isEncodable)

  @Test("Encoding gives the gguf package's bytes", arguments: encodable)
  func encode(_ type: TensorType) throws {
    let rows = try floats("encode.rows")
    let file = try #require(fixture)
    let expected = try #require(file.tensor(named: type == .f32 ? "encode.rows" : "encode.\(type.name)"))
    let format = try #require(type.format as? any EncodableFormat.Type)
    var blocks = [UInt8](repeating: 0, count: expected.byteCount)
    blocks.withUnsafeMutableBytes { output in rows.withUnsafeBufferPointer { format.encode($0, into: output) }
    }
    let wanted = [UInt8](file.bytes(of: expected))
    let wrong = blocks.indices.first { blocks[$0] != wanted[$0] }
    let block = (wrong ?? 0) / type.blockBytes
    #expect(
      wrong == nil,
      """
      byte \(wrong! % type.blockBytes) of block \(block) is \(blocks[wrong!]), not \(wanted[wrong!]): \
      \(rows[block * type.blockSize..<(block + 1) * type.blockSize])
      """)
  }

  @Test("The scripts' types are all there, and only those")
  func complete() throws {
    let file = try #require(fixture)
    let decoded = file.tensors.map(\.name).filter { $0.hasPrefix("decode.") && !$0.hasSuffix(".values") }
    #expect(Set(decoded) == Set(TensorType.all.map { "decode.\($0.name)" }))
    #expect(
      Self.encodable.map(\.name).sorted() == ["BF16", "F16", "F32", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"])
  }

  @Test("Names and numbers are found again", arguments: TensorType.all)
  func lookup(_ type: TensorType) {
    #expect(TensorType(id: type.id) == type)
    #expect(TensorType(named: type.name) == type)
    #expect(TensorType(named: type.name.lowercased()) == type)
    #expect(TensorType.all.count(where: { $0.id == type.id || $0.name == type.name }) == 1)
    #expect(TensorType.removed[type.id] == nil && TensorType.unsupported[type.id] == nil)
  }

  @Test("Sizes are checked")
  func sizes() {
    #expect(TensorType.q4_k.bytes(rows: 3, columns: 512) == 3 * 2 * 144)
    #expect(TensorType.q4_k.bytes(rows: 3, columns: 128) == nil)
    #expect(TensorType.f32.bytes(rows: .max, columns: 1) == nil)
    #expect(TensorType.f32.bytes(rows: -1, columns: 1) == nil)
    #expect(TensorType.q8_0.bytes(rows: 0, columns: 32) == 0)
    #expect(TensorType.describe(unread: 4) == "type 4 (Q4_2) was removed from the format")
    #expect(TensorType.describe(unread: 16) == "type 16 (IQ2_XXS) is not supported")
    #expect(TensorType.describe(unread: 99) == "unknown type 99")
    for id in UInt32(0)..<42 {
      #expect(TensorType(id: id) != nil || !TensorType.describe(unread: id).hasPrefix("unknown"))
    }
  }

  @Test("Half precision there and back for all 65536 numbers")
  func halves() {
    for bits in UInt16.min...UInt16.max {
      let value = float(half: bits)
      if value.isNaN {
        #expect(half(value) & 0x7e00 == 0x7e00)
      } else if half(value) != bits {
        Issue.record("\(bits) becomes \(half(value)) by way of \(value)")
      }
    }
    // Halfway between two halves goes to the even one; a little more goes up.
    for bits in UInt16(0)..<0x7bff {
      let low = float(half: bits)
      let middle = low + (float(half: bits + 1) - low) / 2
      if half(middle) != bits + (bits & 1) || half(middle.nextUp) != bits + 1 || half(middle.nextDown) != bits
      {
        Issue.record("the middle above \(low) is rounded to \(half(middle))")
      }
    }
    #expect(half(65_519.996) == 0x7bff && half(65_520) == 0x7c00 && half(-.infinity) == 0xfc00)
    #expect(half(.leastNonzeroMagnitude) == 0 && half(-0.0) == 0x8000)
  }

  @Test("A fault is found at its index", arguments: TensorType.all.filter { $0.layout != nil })
  func faults(_ type: TensorType) throws {
    // Three blocks of small weights; then a scale of the second is spoilt.
    let blocks = [UInt8](repeating: 0x11, count: 3 * type.blockBytes)
    #expect(blocks.withUnsafeBytes { type.firstFault(in: $0) } == nil)
    let bad: [[UInt8]] =
      switch type {
      case .f32: [[0, 0, 0x80, 0x7f], [0, 0, 0xc0, 0xff]]
      case .bf16: [[0x80, 0xff], [0xc0, 0x7f]]
      case .mxfp4: [[255]]
      default: [[0x00, 0x7c], [0x00, 0xfc], [0x00, 0x7e]]
      }
    let scales: [String: [Int]] = [
      "Q4_1": [0, 2], "Q5_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108],
      "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
    ]
    for offset in scales[type.name] ?? [0] {
      for bytes in bad {
        var broken = blocks
        let start = type.blockBytes + offset
        broken.replaceSubrange(start..<start + bytes.count, with: bytes)
        #expect(broken.withUnsafeBytes { type.firstFault(in: $0) } == type.blockSize, "\(bytes) at \(offset)")
      }
    }
  }
}
