// What training adds: sums of outer products (the gradient of a weight) and the backward pass of attention, both held
// against arithmetic. The operands lie there as the passes before leave them, rounded.

import ApusRuntime
import CApusKernels

extension KernelTimer {
  /// The gradient of a weight [rows][columns] from as many outer products as there are tokens.
  package func outerProducts(
    _ precision: FloatProduct.Precision, tokens: Int, rows: Int, columns: Int
  ) throws -> KernelMeasurement {
    let isBF16 = precision == .bf16
    let form: ActivationForm = isBF16 ? .bf16 : .f32
    let (aBytes, bBytes) = (form.rowBytes(rows), form.rowBytes(columns))
    let operands = try HugeBuffer(byteCount: tokens * (aBytes + bBytes), purpose: "gradients to measure")
    let floats = try HugeBuffer(byteCount: 4 * (rows + columns), purpose: "gradients to measure")
    let result = try HugeBuffer(byteCount: 4 * rows * columns, purpose: "gradients to measure")
    let scratchBytes = (apus_outer_scratch() + 63) / 64 * 64
    let scratch = try HugeBuffer(byteCount: workers.count * scratchBytes, purpose: "gradients to measure")
    let (a, y, scratchBase) = (
      operands.base, result.base.assumingMemoryBound(to: Float.self), scratch.base
    )
    let b = a + tokens * aBytes
    let source = floats.base.assumingMemoryBound(to: Float.self)
    fillFloats(source, rows + columns)
    for token in 0..<tokens {
      for (from, count, to) in [
        (source, rows, a + token * aBytes), (source + rows, columns, b + token * bBytes),
      ] {
        if let round = table.rounding(form) {
          round(from, Int32(count), to)
        } else {
          to.copyMemory(from: from, byteCount: 4 * count)
        }
      }
    }
    let kernel = isBF16 ? table.pointee.outer_bf16! : table.pointee.outer_f32!
    let (unitRows, unitColumns) = (384, 128)
    let columnUnits = (columns + unitColumns - 1) / unitColumns
    let units = (rows + unitRows - 1) / unitRows * columnUnits
    let limit: LimitMeter.Limit = isBF16 ? .bf16 : .f32
    let (seconds, ceiling) = try median(against: limit) {
      parallel(units) { unit, worker in
        let (row, column) = (unit / columnUnits * unitRows, unit % columnUnits * unitColumns)
        var arguments = apus_outer()
        arguments.a = UnsafeRawPointer(a)
        arguments.a_bytes = aBytes
        arguments.first_a = Int32(row)
        arguments.last_a = Int32(min(row + unitRows, rows))
        arguments.b = UnsafeRawPointer(b)
        arguments.b_bytes = bBytes
        arguments.first_b = Int32(column)
        arguments.last_b = Int32(min(column + unitColumns, columns))
        arguments.tokens = Int32(tokens)
        arguments.y = y + row * columns + column
        arguments.y_stride = columns
        arguments.scratch = scratchBase + worker * scratchBytes
        kernel(&arguments)
      }
    }
    return KernelMeasurement(
      kernel: "outer products", type: isBF16 ? "BF16" : "F32", tokens: tokens, rows: rows, columns: columns,
      work: 2 * Double(tokens) * Double(rows) * Double(columns), seconds: seconds, limit: limit,
      ceiling: ceiling)
  }

  /// The backward pass of attention of one sequence, causal; every head has keys of its own.
  package func attentionGradient(
    _ format: KVFormat, tokens: Int, heads: Int, headSize: Int
  ) throws -> KernelMeasurement {
    let layout = KVLayout(format: format, layers: 1, heads: heads, headSize: headSize)
    let pageCount = KVLayout.pages(tokens)
    let cache = try HugeBuffer(byteCount: pageCount * layout.pageBytes, purpose: "keys to measure")
    let width = heads * headSize
    let memory = try HugeBuffer(byteCount: 4 * 6 * tokens * width, purpose: "queries to measure")
    let scratchBytes = (apus_attention_gradient_scratch(Int32(tokens), Int32(headSize)) + 63) / 64 * 64
    let scratch = try HugeBuffer(byteCount: workers.count * scratchBytes, purpose: "attention to measure")
    let (cacheBase, scratchBase) = (cache.base, scratch.base)
    let q = memory.base.assumingMemoryBound(to: Float.self)
    let (out, dout) = (q + tokens * width, q + 2 * tokens * width)
    let (dq, dk, dv) = (q + 3 * tokens * width, q + 4 * tokens * width, q + 5 * tokens * width)
    fillFloats(q, 3 * tokens * width)
    for position in stride(from: 0, to: tokens, by: KVLayout.pageKeys) {
      for head in 0..<heads {
        table.pointee.kv_store(
          format.kernelFormat, Int32(headSize), Int32(min(KVLayout.pageKeys, tokens - position)),
          out + position * width + head * headSize, dout + position * width + head * headSize, width,
          cacheBase + position / KVLayout.pageKeys * layout.pageBytes + layout.offset(layer: 0, head: head),
          0)
      }
    }
    let pages = (0..<pageCount).map { UnsafeRawPointer?(cacheBase + $0 * layout.pageBytes) }
    let offsets = (0..<tokens).map { Int32($0 * width) }
    let (places, first) = ((0..<tokens).map { Int32($0) }, [Int32](repeating: 0, count: tokens))
    let last = (1...tokens).map { Int32($0) }
    // What the logarithm of a sum over equal scores is.
    let logSums = last.map { Float(apus_log(Double($0))) }
    let (seconds, ceiling) = try median(against: .f32) {
      parallel(heads) { head, worker in
        let at = head * headSize
        offsets.withUnsafeBufferPointer { offsets in
          places.withUnsafeBufferPointer { places in
            first.withUnsafeBufferPointer { first in
              last.withUnsafeBufferPointer { last in
                logSums.withUnsafeBufferPointer { logSums in
                  pages.withUnsafeBufferPointer { pages in
                    var arguments = apus_attention_gradient(
                      format: format.kernelFormat, head_size: Int32(headSize), scale: 0.1, softcap: 0,
                      rows: Int32(tokens), q: q + at, out: out + at, dout: dout + at,
                      offset: offsets.baseAddress!, first: first.baseAddress!, last: last.baseAddress!,
                      log_sum: logSums.baseAddress!, log_sum_offset: places.baseAddress!,
                      pages: pages.baseAddress!, page_offset: layout.offset(layer: 0, head: head),
                      keys: Int32(tokens), dq: dq + at, dk: dk + at, dv: dv + at, kv_stride: width,
                      scratch: scratchBase + worker * scratchBytes)
                    table.pointee.attention_gradient(&arguments)
                  }
                }
              }
            }
          }
        }
      }
    }
    // Five products of a row with a key: the scores again, dP, dq, dk and dv.
    let pairs = Double(tokens) * Double(tokens + 1) / 2
    return KernelMeasurement(
      kernel: "attention gradient", type: "\(format.rawValue) head \(headSize)", tokens: tokens, rows: heads,
      columns: tokens, work: 10 * pairs * Double(width), seconds: seconds, limit: .f32, ceiling: ceiling)
  }
}
