// What the tests of the C kernels share: the tables of this machine, seeded numbers, aligned memory, random
// GGUF blocks. No test lives here.

import ApusRuntime
import CApusKernels

/// A kernel table that can be named in a test's arguments.
struct Table: CustomStringConvertible, @unchecked Sendable {
  let cpu: UnsafePointer<apus_cpu>
  var name: String { String(cString: cpu.pointee.name) }
  var isSupported: Bool { cpu.pointee.supported() != 0 }
  var description: String { isSupported ? name : name + " (not supported here)" }

  /// Every table compiled in, portable first.
  static let all: [Table] = {
    var tables: [Table] = []
    while let cpu = apus_cpu_at(Int32(tables.count)) { tables.append(Table(cpu: cpu)) }
    return tables
  }()
  static let portable = all[0]
  /// The tables this machine runs, beyond portable.
  static let others = all.dropFirst().filter(\.isSupported)
  static let unsupported = all.filter { !$0.isSupported }
}

/// SplitMix64: small, seeded, the same everywhere.
struct SeededNumbers {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [-1, 1).
  mutating func signed() -> Float {
    Float(Int32(truncatingIfNeeded: next() >> 40) - (1 << 23)) / Float(1 << 23)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in signed() * scale }
  }
}

/// 64-byte aligned bytes, freed with the object.
final class Bytes {
  let raw: UnsafeMutableRawPointer
  let count: Int
  init(_ count: Int, fill: UInt8 = 0) {
    self.count = count
    raw = .allocate(byteCount: Swift.max(count, 64), alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: fill, count: Swift.max(count, 64))
  }
  deinit { raw.deallocate() }
  var floats: UnsafeMutablePointer<Float> { raw.assumingMemoryBound(to: Float.self) }
  var bytes: UnsafeMutablePointer<UInt8> { raw.assumingMemoryBound(to: UInt8.self) }
}

/// A layout that can be named in a test's arguments.
struct Layout: CustomStringConvertible, Sendable {
  let value: apus_layout
  let description: String

  static let all: [Layout] = zip(
    (0..<APUS_LAYOUT_COUNT.rawValue).map { apus_layout($0) },
    [
      "F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "MXFP4", "Q2_K", "Q3_K", "Q4_K",
      "Q5_K", "Q6_K", "IQ4_XS",
    ]
  ).map { Layout(value: $0, description: $1) }

  var block: Int { apus_layout_block(value) }
  var activation: apus_activation { apus_layout_activation(value) }
  func rowBytes(_ k: Int) -> Int { apus_row_bytes(value, k) }

  /// Offsets of the half-precision fields in a file block.
  var halves: [Int] {
    switch description {
    case "Q8_0", "Q4_0", "Q5_0", "IQ4_NL", "IQ4_XS": [0]
    case "Q4_1", "Q5_1", "Q4_K", "Q5_K": [0, 2]
    case "Q2_K": [80, 82]
    case "Q3_K": [108]
    case "Q6_K": [208]
    default: []
    }
  }

  /// The largest integer a block's minimum is multiplied with; nil without minima.
  var largestMinimum: Float? {
    switch description {
    case "Q4_1", "Q5_1": 1
    case "Q2_K": 15
    case "Q4_K", "Q5_K": 63
    default: nil
    }
  }

  /// Rows of a file tensor: arbitrary integers, small scales. `extreme` sets every integer bit or none.
  func rows(_ rows: Int, k: Int, numbers: inout SeededNumbers, extreme: Bool = false) -> Bytes {
    let memory = Bytes(rows * rowBytes(k))
    if block == 1 {
      for i in 0..<rows * k {
        let x = numbers.signed()
        switch description {
        case "F32": memory.floats[i] = x
        case "F16": memory.raw.storeBytes(of: apus_float_to_half(x), toByteOffset: 2 * i, as: UInt16.self)
        default: memory.raw.storeBytes(of: apus_float_to_bfloat(x), toByteOffset: 2 * i, as: UInt16.self)
        }
      }
      return memory
    }
    let width = rowBytes(block)
    for at in stride(from: 0, to: memory.count, by: width) {
      let pattern = numbers.next()
      for i in 0..<width {
        // 0x80 is −128 in Q8_0: the most negative weight meets the largest activation.
        memory.bytes[at + i] =
          extreme
          ? (pattern & 1 == 0 ? 0xff : pattern & 2 == 0 ? 0x80 : 0x00)
          : UInt8(truncatingIfNeeded: numbers.next())
      }
      for offset in halves {
        memory.raw.storeBytes(
          of: apus_float_to_half(numbers.signed() * 0.01), toByteOffset: at + offset, as: UInt16.self)
      }
      if description == "MXFP4" { memory.bytes[at] = UInt8(numbers.below(40) + 100) }
    }
    return memory
  }
}

/// A matrix in panels, and its file rows.
struct PackedMatrix {
  let layout: Layout
  let rows: Int
  let k: Int
  let file: Bytes
  let panels: Bytes
  let panelBytes: Int

  init(_ layout: Layout, rows: Int, k: Int, numbers: inout SeededNumbers, extreme: Bool = false) {
    self.layout = layout
    self.rows = rows
    self.k = k
    file = layout.rows(rows, k: k, numbers: &numbers, extreme: extreme)
    panelBytes = apus_panel_bytes(layout.value, k)
    panels = Bytes((rows + 15) / 16 * panelBytes, fill: 0xa5)
    let stride = layout.rowBytes(k)
    for first in Swift.stride(from: 0, to: rows, by: 16) {
      apus_pack_panel(
        layout.value, file.raw + first * stride, stride, Int32(min(16, rows - first)), k,
        panels.raw + first / 16 * panelBytes)
    }
  }

  /// The dequantised weights, [rows][k].
  func weights() -> [Float] {
    var result = [Float](repeating: 0, count: rows * k)
    result.withUnsafeMutableBufferPointer { buffer in
      for row in 0..<rows {
        apus_dequantize_row(
          layout.value, file.raw + row * layout.rowBytes(k), k, buffer.baseAddress! + row * k)
      }
    }
    return result
  }
}

/// Activation rows in the form a layout multiplies with.
struct Activations {
  let bytes: Bytes
  let stride: Int

  init(_ x: [Float], tokens: Int, k: Int, form: apus_activation, table: Table) {
    stride = apus_activation_bytes(form, k)
    bytes = Bytes(tokens * stride)
    let cpu = table.cpu.pointee
    x.withUnsafeBufferPointer { x in
      for token in 0..<tokens {
        let row = bytes.raw + token * stride
        let from = x.baseAddress! + token * k
        switch form {
        case APUS_X_F32: row.copyMemory(from: from, byteCount: 4 * k)
        case APUS_X_BF16: cpu.round_bf16(from, Int32(k), row)
        case APUS_X_Q32: cpu.quantize_q32(from, Int32(k), row)
        default: cpu.quantize_q256(from, Int32(k), row)
        }
      }
    }
  }
}

/// The bits, with every NaN the same.
func bits(_ x: Float) -> UInt32 { x.isNaN ? 0x7fc0_0000 : x.bitPattern }

/// The first index where two arrays differ in bits.
func firstDifference(_ a: [Float], _ b: [Float]) -> Int? {
  if let index = zip(a, b).enumerated().first(where: { bits($1.0) != bits($1.1) })?.offset { return index }
  return a.count == b.count ? nil : min(a.count, b.count)
}

/// Calls a gemm and returns y, with three guard columns per row and a guard row, all starting at `fill`.
func product(
  _ table: Table, _ matrix: PackedMatrix, _ x: Activations, tokens: Int, bias: [Float]? = nil,
  accumulate: Bool = false, fill: Float = 7,
  finish: (inout apus_gemm) -> Void = { _ in },
  gemm chosen: ProductKernel? = nil
) -> [Float] {
  let stride = matrix.rows + 3
  var y = [Float](repeating: fill, count: (tokens + 1) * stride)
  func run(_ bias: UnsafePointer<Float>?) {
    y.withUnsafeMutableBufferPointer { y in
      var arguments = apus_gemm()
      arguments.panels = UnsafeRawPointer(matrix.panels.raw)
      arguments.panel_bytes = matrix.panelBytes
      arguments.rows = Int32(matrix.rows)
      arguments.k = matrix.k
      arguments.x = UnsafeRawPointer(x.bytes.raw)
      arguments.x_bytes = x.stride
      arguments.tokens = Int32(tokens)
      arguments.y = y.baseAddress!
      arguments.y_stride = stride
      arguments.accumulate = accumulate ? 1 : 0
      arguments.bias = bias
      finish(&arguments)
      (chosen ?? table.cpu.gemm(matrix.layout.value)!)(&arguments)
    }
  }
  if let bias { bias.withUnsafeBufferPointer { run($0.baseAddress) } } else { run(nil) }
  return y
}
