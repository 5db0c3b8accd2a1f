// A short comparison of a kernel table with the portable one, made at every start. The tests compare every
// function over many shapes; this catches the machine the tests never saw: an emulator, a faulty core, an
// instruction that flushes or fuses where it should not. It must stay below a few milliseconds.

import CApusKernels

/// Compares tables on a few thousand lanes.
enum KernelCheck {
  /// The first kernel whose result differs in a bit, or nil. Two NaNs are equal.
  static func difference(
    _ table: UnsafePointer<apus_cpu>, _ portable: UnsafePointer<apus_cpu>
  ) -> String? {
    // 333: not a multiple of any vector, so that the ends of rows are taken too.
    let values = inputs(count: 333, seed: 1)
    let scales = inputs(count: 333, seed: 2)
    for (name, run) in rowKernels {
      if let lane = firstDifference(run(table, values, scales), run(portable, values, scales)) {
        return "\(name), lane \(lane)"
      }
    }
    for (name, layout) in [("gemm f32", APUS_LAYOUT_F32), ("gemm Q8_0", APUS_LAYOUT_Q8_0)] {
      for extremes in [false, true] {
        let product = SmallProduct(layout, extremes: extremes)
        if let lane = firstDifference(product.run(table), product.run(portable)) {
          return "\(name), lane \(lane)"
        }
      }
    }
    for isBF16 in [false, true] {
      for extremes in [false, true] {
        let sum = SmallOuterProduct(isBF16: isBF16, extremes: extremes)
        if let lane = firstDifference(sum.run(table), sum.run(portable)) {
          return "outer product \(isBF16 ? "bf16" : "f32"), lane \(lane)"
        }
      }
    }
    return nil
  }

  private typealias RowKernel = (UnsafePointer<apus_cpu>, [Float], [Float]) -> [Float]

  private static var rowKernels: [(String, RowKernel)] {
    [
      (
        "exp",
        { table, x, _ in
          filled(x.count) { table.pointee.unary?(APUS_EXP, x, Int32(x.count), $0) }
        }
      ),
      (
        "tanh",
        { table, x, _ in
          filled(x.count) { table.pointee.unary?(APUS_TANH, x, Int32(x.count), $0) }
        }
      ),
      (
        // Finite inputs only: one NaN would make every lane NaN and hide the rest.
        "rms_norm",
        { table, x, w in
          let x = x.map { $0.isFinite && abs($0) < 1e9 ? $0 : 1 }
          return filled(x.count) { table.pointee.rms_norm?(x, w, Int32(x.count), 1e-6, $0) }
        }
      ),
      (
        "normals",
        { table, x, _ in
          filled(x.count) { table.pointee.normals?(1, 2, 1, 0, Int32(x.count), $0) }
        }
      ),
    ]
  }
}

/// Random values of many magnitudes, with the extremes of the format among them.
private func inputs(count: Int, seed: UInt64) -> [Float] {
  let random = Philox(key: seed)
  let extremes: [Float] = [
    0, -0.0, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
    .leastNonzeroMagnitude, .leastNormalMagnitude, 88.7, -87.4, -104, 1, -1,
  ]
  return (0..<count).map { index in
    if index % 8 == 0 { return extremes[index / 8 % extremes.count] }
    let value = random.uniform(UInt64(index)) * 2 - 1
    return value * Float(sign: .plus, exponent: index % 14 - 6, significand: 1)
  }
}

private func filled(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
  var result = [Float](repeating: 0, count: count)
  result.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
  return result
}

private func firstDifference(_ a: [Float], _ b: [Float]) -> Int? {
  for index in a.indices where a[index].bitPattern != b[index].bitPattern {
    if !(a[index].isNaN && b[index].isNaN) { return index }
  }
  return nil
}

/// A product of 19 rows (a full panel and a ragged one) × 96 columns with 5 tokens.
private struct SmallProduct {
  private let layout: apus_layout
  private let rows = 19
  private let columns = 96
  private let tokens = 5
  private let weights: [UInt8]
  private let activations: [Float]

  init(_ layout: apus_layout, extremes: Bool) {
    self.layout = layout
    let random = Philox(key: 3)
    let count = rows * columns
    if layout == APUS_LAYOUT_F32 {
      let values = (0..<count).map {
        extremes ? Float($0 % 2 == 0 ? 1e30 : -1e30) : random.uniform(UInt64($0)) - 0.5
      }
      weights = values.withUnsafeBytes { Array($0) }
    } else {
      // Q8_0: a half-precision scale, then 32 signed bytes.
      var bytes: [UInt8] = []
      for block in 0..<count / 32 {
        let scale: UInt16 = extremes ? 0x3C00 : 0x2000 + UInt16(block % 512)
        bytes += [UInt8(truncatingIfNeeded: scale), UInt8(scale >> 8)]
        for value in 0..<32 {
          let word = random.block(UInt64(block * 32 + value))[0]
          let byte = extremes ? (value % 3 == 0 ? -128 : 127) : Int8(truncatingIfNeeded: word)
          bytes.append(UInt8(bitPattern: byte))
        }
      }
      weights = bytes
    }
    activations = (0..<tokens * columns).map {
      extremes ? ($0 % 5 == 0 ? -3 : 3) : random.uniform(UInt64($0), stream: 1) - 0.5
    }
  }

  func run(_ table: UnsafePointer<apus_cpu>) -> [Float] {
    let panelBytes = apus_panel_bytes(layout, columns)
    let form = apus_layout_activation(layout)
    let rowBytes = apus_activation_bytes(form, columns)
    let stride = apus_row_bytes(layout, columns)
    let panels = AlignedBytes(2 * panelBytes)
    let x = AlignedBytes(tokens * rowBytes)
    weights.withUnsafeBytes { source in
      for (panel, count) in [(0, 16), (1, rows - 16)] {
        apus_pack_panel(
          layout, source.baseAddress! + panel * 16 * stride, stride, Int32(count), columns,
          panels.start + panel * panelBytes)
      }
    }
    activations.withUnsafeBufferPointer { source in
      for token in 0..<tokens {
        let row = source.baseAddress! + token * columns
        if form == APUS_X_F32 {
          (x.start + token * rowBytes).copyMemory(from: row, byteCount: columns * 4)
        } else {
          table.pointee.quantize_q32?(row, Int32(columns), x.start + token * rowBytes)
        }
      }
    }
    return filled(tokens * rows) { y in
      var arguments = apus_gemm()
      arguments.panels = UnsafeRawPointer(panels.start)
      arguments.panel_bytes = panelBytes
      arguments.rows = Int32(rows)
      arguments.k = columns
      arguments.x = UnsafeRawPointer(x.start)
      arguments.x_bytes = rowBytes
      arguments.tokens = Int32(tokens)
      arguments.y = y
      arguments.y_stride = rows
      table.gemm(layout)?(&arguments)
    }
  }
}

/// A sum of five tokens' outer products: 19 rows, of 35 columns from the 16th on.
private struct SmallOuterProduct {
  private let isBF16: Bool
  private let tokens = 5
  private let rows = 19
  private let columns = 51
  private let a: [Float]
  private let b: [Float]

  /// Extreme: products around the least normal number, where bfloat16 flushes and float does not.
  init(isBF16: Bool, extremes: Bool) {
    self.isBF16 = isBF16
    let random = Philox(key: 4)
    let unit: Float = extremes ? 0x1p-63 : 1
    a = (0..<tokens * rows).map { (random.uniform(UInt64($0)) - 0.5) * unit }
    b = (0..<tokens * columns).map { (random.uniform(UInt64($0), stream: 1) - 0.5) * unit }
  }

  func run(_ table: UnsafePointer<apus_cpu>) -> [Float] {
    let scratch = AlignedBytes(apus_outer_scratch())
    let (aRows, aBytes) = operand(a, width: rows, table)
    let (bRows, bBytes) = operand(b, width: columns, table)
    let first = 16
    return filled(rows * (columns - first)) { y in
      var arguments = apus_outer()
      arguments.a = UnsafeRawPointer(aRows.start)
      arguments.a_bytes = aBytes
      arguments.last_a = Int32(rows)
      arguments.b = UnsafeRawPointer(bRows.start)
      arguments.b_bytes = bBytes
      arguments.first_b = Int32(first)
      arguments.last_b = Int32(columns)
      arguments.tokens = Int32(tokens)
      arguments.y = y
      arguments.y_stride = columns - first
      arguments.scratch = scratch.start
      (isBF16 ? table.pointee.outer_bf16 : table.pointee.outer_f32)?(&arguments)
    }
  }

  /// Rows of the operand's form, and the bytes of one.
  private func operand(
    _ values: [Float], width: Int, _ table: UnsafePointer<apus_cpu>
  ) -> (AlignedBytes, Int) {
    let stride = apus_activation_bytes(isBF16 ? APUS_X_BF16 : APUS_X_F32, width)
    let memory = AlignedBytes(tokens * stride)
    values.withUnsafeBufferPointer { values in
      for token in 0..<tokens {
        let (row, to) = (values.baseAddress! + token * width, memory.start + token * stride)
        if isBF16 {
          table.pointee.round_bf16?(row, Int32(width), to)
        } else {
          to.copyMemory(from: row, byteCount: 4 * width)
        }
      }
    }
    return (memory, stride)
  }
}

/// Zeroed bytes at a multiple of 64, as kernels expect them.
private final class AlignedBytes {
  let start: UnsafeMutableRawPointer

  init(_ count: Int) {
    start = .allocate(byteCount: count, alignment: 64)
    start.initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }

  deinit { start.deallocate() }
}
