// What a kernel reaches on this machine, beside what the machine reaches: the figures of `apus bench kernels`.

import ApusRuntime

/// One kernel, one shape, one type.
package struct KernelMeasurement: Sendable {
  /// What limits a kernel at best.
  package enum Limit: Sendable {
    case f32
    case bf16
    case int8
    case memory
    /// In a cache: nothing measured is its limit.
    case none
  }

  /// "gemm", "batch", "gemv", "attention", or a row kernel's name.
  package let kernel: String
  /// Of the weights, the cache or the activation.
  package let type: String
  /// Tokens, rows and columns; of a row kernel only the columns count.
  package let tokens: Int
  package let rows: Int
  package let columns: Int
  /// Operations or bytes of one call.
  package let work: Double
  /// The median of the calls, in seconds.
  package let seconds: Double
  package let limit: Limit

  /// Operations, bytes or values per second.
  package var rate: Double { work / seconds }

  package var unit: String {
    switch limit {
    case .f32, .bf16: "GFLOP/s"
    case .int8: "GOP/s"
    case .memory: "GB/s"
    case .none: "Gvalue/s"
    }
  }

  /// The rate a limit allows.
  package func ceiling(_ ceiling: Ceiling) -> Double? {
    switch limit {
    case .f32: ceiling.f32
    case .bf16: ceiling.bf16 ?? ceiling.f32
    case .int8: ceiling.int8 ?? ceiling.f32
    case .memory: ceiling.readBytes
    case .none: nil
    }
  }
}

/// Times kernels on the workers of a runtime.
package struct KernelTimer {
  package let runtime: Runtime
  /// The kernels to time: the runtime's, or others.
  package let cpu: CPU
  /// How long each entry is repeated, at least; five times in any case.
  package let seconds: Double
  /// Asked before every repetition, to end early.
  package let check: () throws -> Void

  package init(_ runtime: Runtime, cpu: CPU? = nil, seconds: Double, check: @escaping () throws -> Void = {})
  {
    self.runtime = runtime
    self.cpu = cpu ?? runtime.cpu
    self.seconds = seconds
    self.check = check
  }

  var table: KernelTable { cpu.table }
  var workers: WorkerPool { runtime.workers }

  /// The median time of `body`, after one call to warm up.
  func median(_ body: () throws -> Void) throws -> Double {
    try body()
    var times: [Double] = []
    var total = 0.0
    while times.count < 5 || (total < seconds && times.count < 100_000) {
      try check()
      let time = try MonotonicClock.seconds(body)
      times.append(time)
      total += time
    }
    return max(1e-9, times.sorted()[times.count / 2])
  }

  /// Runs `body(unit, worker)` for all units on all workers.
  func parallel(_ units: Int, _ body: (_ unit: Int, _ worker: Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      let box = Box(body)
      workers.parallel(units, Unmanaged.passUnretained(box).toOpaque()) { context, unit, worker in
        Unmanaged<Box>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.body(unit, worker) }
      }
    }
  }

  private final class Box {
    let body: (Int, Int) -> Void
    init(_ body: @escaping (Int, Int) -> Void) { self.body = body }
  }
}
