// What a tensor's first values are drawn from, and drawing them.

import ApusRuntime
import ApusTensor
import CApusKernels

/// The law of a tensor's first values.
package enum WeightDistribution: Equatable, Sendable {
  /// Every value the same.
  case constant(Float)
  /// Mean 0. Values beyond `cut` deviations are drawn again; nil for none. A cut of 3 leaves 0.9866 of the deviation.
  case normal(deviation: Float, cut: Float? = nil)

  package var mean: Float {
    if case .constant(let value) = self { value } else { 0 }
  }

  /// Before the cut.
  package var deviation: Float {
    if case .normal(let deviation, _) = self { deviation } else { 0 }
  }

  /// Writes `count` values. The same bits for any number of workers: value i is a function of key and i.
  ///
  /// - Complexity: O(`count`), about a nanosecond a value and core.
  package func fill(
    _ values: UnsafeMutablePointer<Float>, count: Int, key: UInt64, workers: WorkerPool, cpu: KernelTable
  ) {
    var job = FillJob(distribution: self, values: values, count: count, key: key, cpu: cpu)
    withUnsafeMutablePointer(to: &job) { job in
      workers.parallel(job.pointee.units, UnsafeMutableRawPointer(job)) { job, unit, _ in
        job.assumingMemoryBound(to: FillJob.self).pointee.fill(unit)
      }
    }
  }
}

private struct FillJob {
  let distribution: WeightDistribution
  let values: UnsafeMutablePointer<Float>
  let count: Int
  let key: UInt64
  let cpu: KernelTable

  /// A multiple of the 64 values of a group.
  static let unit = 65536
  var units: Int { (count + Self.unit - 1) / Self.unit }

  func fill(_ unit: Int) {
    let first = unit * Self.unit
    let count = min(Self.unit, count - first)
    switch distribution {
    case .constant(let value):
      (values + first).update(repeating: value, count: count)
    case .normal(let deviation, let cut):
      cpu.pointee.normals(key, UInt64(first / 64), deviation, cut ?? 0, Int32(count), values + first)
    }
  }
}
