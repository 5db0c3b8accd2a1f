// Row kernels on one worker, on a row that stays in the first-level cache: values per second.

import ApusRuntime
import CApusKernels

extension KernelTimer {
  /// Every row kernel on `count` values.
  package func rows(_ count: Int) throws -> [KernelMeasurement] {
    let n = Int32(count)
    let memory = try HugeBuffer(byteCount: 16 * count + 8192, purpose: "rows to measure")
    let x = memory.base.assumingMemoryBound(to: Float.self)
    let w = x + count
    let y = w + count
    fillFloats(x, 2 * count)
    let t = table.pointee
    let half = UnsafeMutableRawPointer(y).assumingMemoryBound(to: UInt16.self)
    let sums = y + count
    let kernels: [(String, () -> Void)] = [
      ("rms_norm", { t.rms_norm(x, w, n, 1e-5, y) }),
      ("layer_norm", { t.layer_norm(x, w, w, n, 1e-5, y) }),
      ("quantize_q32", { t.quantize_q32(x, n, y) }),
      ("quantize_q256", { t.quantize_q256(x, n, y) }),
      ("round_bf16", { t.round_bf16(x, n, y) }),
      ("f32_to_f16", { t.f32_to_f16(x, n, half) }),
      ("add", { t.add(x, w, n, y) }),
      ("silu · up", { t.gated(APUS_SILU, x, w, n, y) }),
      ("gelu tanh · up", { t.gated(APUS_GELU_TANH, x, w, n, y) }),
      ("gelu tanh", { t.unary(APUS_GELU_TANH, x, n, y) }),
      ("gelu erf", { t.unary(APUS_GELU_ERF, x, n, y) }),
      ("exp", { t.unary(APUS_EXP, x, n, y) }),
      ("tanh", { t.unary(APUS_TANH, x, n, y) }),
      ("softcap", { t.softcap(x, 30, n, y) }),
      ("rope", { t.rope(x, w, n / 2, 0, y) }),
      ("log-sum-exp", { t.sum_exp(x, n, sums, sums + 1) }),
      ("argmax", { _ = t.argmax(x, Int64(n)) }),
    ]
    return try kernels.map { name, call in
      // One call is a fraction of a microsecond: the clock is read once for many.
      let calls = max(1, 200_000 / count)
      let seconds = try median(against: nil) { for _ in 0..<calls { call() } }.seconds / Double(calls)
      return KernelMeasurement(
        kernel: name, type: "f32", tokens: 1, rows: 1, columns: count, work: Double(count), seconds: seconds,
        limit: nil, ceiling: nil)
    }
  }

  /// The largest of a vocabulary's logits.
  package func argmax(_ count: Int) throws -> KernelMeasurement {
    let memory = try HugeBuffer(byteCount: 4 * count, purpose: "logits to measure")
    let x = memory.base.assumingMemoryBound(to: Float.self)
    fillFloats(x, count)
    let argmax = table.pointee.argmax!
    let seconds = try median(against: nil) { _ = argmax(x, Int64(count)) }.seconds
    return KernelMeasurement(
      kernel: "argmax", type: "f32", tokens: 1, rows: 1, columns: count, work: Double(count),
      seconds: seconds, limit: nil, ceiling: nil)
  }
}
