// What a kernel reaches on this machine, beside what the machine reaches: the figures of `apus bench kernels`.

import ApusRuntime

/// One kernel, one shape, one type.
package struct KernelMeasurement: Sendable {
  /// "gemm", "batch", "gemv", "attention", "outer products", "attention gradient", or a row kernel's name.
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
  /// What limits the kernel at best; nil in a cache, where nothing measured does.
  package let limit: LimitMeter.Limit?
  /// The rate the limit allows, measured between the calls.
  package let ceiling: Double?

  /// Operations, bytes or values per second.
  package var rate: Double { work / seconds }

  package var unit: String {
    switch limit {
    case .f32, .bf16: "GFLOP/s"
    case .int8: "GOP/s"
    case .memory: "GB/s"
    case nil: "Gvalue/s"
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
  /// Measures the limits, unless only times are wanted.
  private let meter: LimitMeter?

  package init(
    _ runtime: Runtime, cpu: CPU? = nil, seconds: Double, meter: LimitMeter? = nil,
    check: @escaping () throws -> Void = {}
  ) {
    self.runtime = runtime
    self.cpu = cpu ?? runtime.cpu
    self.seconds = seconds
    self.meter = meter
    self.check = check
  }

  var table: KernelTable { cpu.table }
  var workers: WorkerPool { runtime.workers }

  /// The median time of `body`, and of the limit: A B A B A, for machines drift within a second.
  func median(against limit: LimitMeter.Limit?, _ body: () throws -> Void) throws -> (
    seconds: Double, ceiling: Double?
  ) {
    try body()
    var times: [Double] = []
    var ceilings: [Double] = []
    func measureLimit() {
      guard let limit, let meter else { return }
      ceilings += (meter.sample(limit) ?? meter.sample(.f32)).map { [$0] } ?? []
    }
    let rounds = 5
    var total = 0.0
    for round in 1...rounds {
      measureLimit()
      // What the kernel reads is to be in the caches again, unless it never is.
      if limit != .memory, meter != nil { try body() }
      repeat {
        try check()
        let time = try MonotonicClock.seconds(body)
        times.append(time)
        total += time
      } while total < seconds * Double(round) / Double(rounds) && times.count < 100_000
    }
    measureLimit()
    return (max(1e-9, times.median), ceilings.isEmpty ? nil : ceilings.median)
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

extension [Double] {
  /// Of a list that is not empty.
  fileprivate var median: Double { sorted()[count / 2] }
}
