// Products of every weight format: many tokens (held against arithmetic), a few and one (held against memory).

import ApusRuntime
import CApusKernels

extension KernelTimer {
  /// The layouts by the names of their formats.
  package static let layouts: [(name: String, layout: apus_layout)] = [
    ("F32", APUS_LAYOUT_F32), ("F16", APUS_LAYOUT_F16), ("BF16", APUS_LAYOUT_BF16),
    ("Q8_0", APUS_LAYOUT_Q8_0),
    ("Q4_0", APUS_LAYOUT_Q4_0), ("Q4_1", APUS_LAYOUT_Q4_1), ("Q5_0", APUS_LAYOUT_Q5_0),
    ("Q5_1", APUS_LAYOUT_Q5_1), ("IQ4_NL", APUS_LAYOUT_IQ4_NL), ("MXFP4", APUS_LAYOUT_MXFP4),
    ("Q2_K", APUS_LAYOUT_Q2_K), ("Q3_K", APUS_LAYOUT_Q3_K), ("Q4_K", APUS_LAYOUT_Q4_K),
    ("Q5_K", APUS_LAYOUT_Q5_K), ("Q6_K", APUS_LAYOUT_Q6_K), ("IQ4_XS", APUS_LAYOUT_IQ4_XS),
  ]

  /// Rows that make 256 MiB in a file, which no cache holds.
  package static func rowsBeyondCaches(_ layout: apus_layout, columns: Int) -> Int {
    (256 << 20) / apus_row_bytes(layout, columns) / 32 * 32
  }

  /// A product with packed weights: rounding the activations is part of it, packing the weights is not.
  ///
  /// - Parameter kernel: "gemm" is held against arithmetic, anything else against the memory.
  package func product(
    _ kernel: String, _ name: String, _ layout: apus_layout, tokens: Int, rows: Int, columns: Int,
    coarse: Bool = false
  ) throws -> KernelMeasurement {
    let form = coarse ? .q256 : ActivationForm(layout)
    let panelBytes = apus_panel_bytes(layout, columns)
    let panelCount = (rows + APUS_LANES - 1) / APUS_LANES
    let panels = try HugeBuffer(byteCount: panelCount * panelBytes, purpose: "weights to measure")
    let floats = try HugeBuffer(byteCount: tokens * columns * 4, purpose: "activations to measure")
    let x = try HugeBuffer(byteCount: tokens * form.rowBytes(columns), purpose: "activations to measure")
    let y = try HugeBuffer(byteCount: tokens * rows * 4, purpose: "results to measure")
    let (panelBase, floatBase, xBase, yBase) = (panels.base, floats.base, x.base, y.base)
    SyntheticBytes(layout).fill(
      UnsafeMutableRawBufferPointer(start: panelBase, count: panelCount * panelBytes), workers)
    fillFloats(floatBase.assumingMemoryBound(to: Float.self), tokens * columns)
    let (gemm, round) = (table.product(layout, for: form), table.rounding(form))
    let perUnit = PackedMatrix.panelsPerUnit(
      panels: panelCount, panelBytes: panelBytes, tokens: tokens, columns: columns, workers: workers.count)
    let units = (panelCount + perUnit - 1) / perUnit
    let bound = kernel != "gemm"
    let limit: LimitMeter.Limit = bound ? .memory : form == .f32 ? .f32 : form == .bf16 ? .bf16 : .int8
    let (seconds, ceiling) = try median(against: limit) {
      let source = floatBase.assumingMemoryBound(to: Float.self)
      if let round {
        parallel((tokens + 15) / 16) { unit, _ in
          for token in 16 * unit..<min(tokens, 16 * unit + 16) {
            round(source + token * columns, Int32(columns), xBase + token * form.rowBytes(columns))
          }
        }
      }
      parallel(units) { unit, _ in
        var arguments = apus_gemm()
        let row = unit * perUnit * APUS_LANES
        arguments.panels = UnsafeRawPointer(panelBase + unit * perUnit * panelBytes)
        arguments.panel_bytes = panelBytes
        arguments.rows = Int32(min(perUnit * APUS_LANES, rows - row))
        arguments.k = columns
        arguments.x = UnsafeRawPointer(form == .f32 ? floatBase : xBase)
        arguments.x_bytes = form == .f32 ? 4 * columns : form.rowBytes(columns)
        arguments.tokens = Int32(tokens)
        arguments.y = yBase.assumingMemoryBound(to: Float.self) + row
        arguments.y_stride = rows
        gemm(&arguments)
      }
    }
    let operations = 2 * Double(tokens) * Double(rows) * Double(columns)
    let fileBytes = Double(rows) * Double(apus_row_bytes(layout, columns))
    return KernelMeasurement(
      kernel: kernel, type: coarse ? name + " coarse" : name, tokens: tokens, rows: rows, columns: columns,
      work: bound ? fileBytes : operations, seconds: seconds, limit: limit, ceiling: ceiling)
  }

  /// A product of float matrices that nobody packed: packing both is part of it.
  package func unpackedProduct(
    _ precision: FloatProduct.Precision, tokens: Int, rows: Int, columns: Int
  ) throws -> KernelMeasurement {
    let memory = try HugeBuffer(
      byteCount: 4 * (tokens * columns + rows * columns + tokens * rows), purpose: "matrices to measure")
    let x = memory.base.assumingMemoryBound(to: Float.self)
    let w = x + tokens * columns
    let y = w + rows * columns
    fillFloats(x, tokens * columns + rows * columns)
    let product = FloatProduct(cpu: table, workers: workers)
    let limit: LimitMeter.Limit = precision == .f32 ? .f32 : .bf16
    let (seconds, ceiling) = try median(against: limit) {
      try product.multiply(
        FloatMatrix(x, rows: tokens, columns: columns), FloatMatrix(w, rows: rows, columns: columns), into: y,
        precision: precision)
    }
    return KernelMeasurement(
      kernel: "gemm", type: precision == .f32 ? "F32 unpacked" : "BF16 unpacked", tokens: tokens, rows: rows,
      columns: columns, work: 2 * Double(tokens) * Double(rows) * Double(columns), seconds: seconds,
      limit: limit, ceiling: ceiling)
  }

  func fillFloats(_ base: UnsafeMutablePointer<Float>, _ count: Int) {
    for i in 0..<count { base[i] = Float((i &* 7919) % 1999 - 999) * 0.001 }
  }
}
