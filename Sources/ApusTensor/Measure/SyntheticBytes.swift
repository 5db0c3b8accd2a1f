// Memory to measure with: contents are arbitrary, finite, and of a size whose sums stay ordinary numbers, for kernels must
// not be timed on infinities or denormals.

import ApusRuntime
import CApusKernels

/// Contents that pass for weights, keys and activations.
package enum SyntheticBytes: Hashable, Sendable {
  /// Scales, halves of bytes and bytes of the quantised formats.
  case integers
  /// 32-bit floats and bfloat16: 0.009.
  case floats
  /// 16-bit floats: 0.016.
  case halves

  /// What panels of a layout are made of.
  package init(_ layout: apus_layout) {
    switch layout {
    case APUS_LAYOUT_F32, APUS_LAYOUT_BF16: self = .floats
    case APUS_LAYOUT_F16: self = .halves
    default: self = .integers
    }
  }

  private func byte(_ index: Int) -> UInt8 {
    switch self {
    case .integers: UInt8((index &* 7 >> 3) & 0x1f)
    case .floats: index & 1 == 0 ? 0x11 : 0x3c
    case .halves: index & 1 == 0 ? 0x11 : 0x24
    }
  }

  /// Bytes after which the contents repeat.
  private static let period = 1 << 12
  private static let bytesPerUnit = 1 << 20

  /// Writes all of `memory`, on all workers: nothing may be left that the system has not given pages for.
  package func fill(_ memory: UnsafeMutableRawBufferPointer, _ workers: WorkerPool) {
    let pattern = (0..<Self.period).map(byte)
    pattern.withUnsafeBytes { pattern in
      var job = FillJob(memory: memory, pattern: pattern, bytesPerUnit: Self.bytesPerUnit)
      withUnsafeMutablePointer(to: &job) { job in
        workers.parallel(
          (memory.count + Self.bytesPerUnit - 1) / Self.bytesPerUnit, UnsafeMutableRawPointer(job)
        ) { context, unit, _ in
          context.assumingMemoryBound(to: FillJob.self).pointee.run(unit)
        }
      }
    }
  }
}

private struct FillJob {
  let memory: UnsafeMutableRawBufferPointer
  let pattern: UnsafeRawBufferPointer
  let bytesPerUnit: Int

  func run(_ unit: Int) {
    let end = min(memory.count, (unit + 1) * bytesPerUnit)
    for start in stride(from: unit * bytesPerUnit, to: end, by: pattern.count) {
      (memory.baseAddress! + start).copyMemory(
        from: pattern.baseAddress!, byteCount: min(pattern.count, end - start))
    }
  }
}
