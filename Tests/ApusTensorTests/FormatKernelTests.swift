// The kernels decode rows and convert 16-bit floats with code of their own; here the two are held together.

import ApusFiles
import ApusTestSupport
import CApusKernels
import Testing

@testable import ApusTensor

/// Bits, with every NaN the same.
private func canonical(_ value: Float) -> UInt32 { value.isNaN ? 0x7fc0_0000 : value.bitPattern }

@Suite struct FormatKernelTests {
  @Test(
    "A row decoded for the token look-up has the format's bits",
    arguments: TensorType.all.filter { $0.layout != nil })
  func rows(_ type: TensorType) throws {
    let layout = try #require(type.layout)
    let file = try GGUFFile.open(Fixtures.path("formats.gguf"))
    let tensor = try #require(file.tensor(named: "decode.\(type.name)"))
    let blocks = file.bytes(of: tensor)
    let count = tensor.elementCount
    #expect(apus_row_bytes(layout, count) == blocks.count)
    var expected = [Float](repeating: 0, count: count)
    expected.withUnsafeMutableBufferPointer { type.decode(blocks, into: $0) }
    var values = [Float](repeating: 0, count: count)
    values.withUnsafeMutableBufferPointer {
      apus_dequantize_row(layout, blocks.baseAddress, count, $0.baseAddress)
    }
    let wrong = values.indices.first { canonical(values[$0]) != canonical(expected[$0]) }
    #expect(wrong == nil, "value \(wrong!) is \(values[wrong!]), not \(expected[wrong!])")
  }

  @Test("16-bit floats widen to the same bits")
  func widening() {
    for bits in UInt16.min...UInt16.max {
      if canonical(apus_half_to_float(bits)) != canonical(float(half: bits)) { Issue.record("half \(bits)") }
      if canonical(apus_bfloat_to_float(bits)) != canonical(float(bfloat: bits)) {
        Issue.record("bfloat \(bits)")
      }
    }
  }

  @Test("Floats round to the same 16 bits")
  func rounding() throws {
    let file = try GGUFFile.open(Fixtures.path("formats.gguf"))
    for name in ["encode.rows", "decode.F32.values", "decode.F16.values"] {
      let tensor = try #require(file.tensor(named: name))
      for value in file.bytes(of: tensor).withMemoryRebound(to: Float.self, { Array($0) }) where !value.isNaN
      {
        if apus_float_to_half(value) != half(value) { Issue.record("half of \(value)") }
        if apus_float_to_bfloat(value) != bfloat(value) { Issue.record("bfloat of \(value)") }
      }
    }
  }
}
