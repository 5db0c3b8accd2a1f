// The machine's limits, in half a second: a plan says what limits a speed, and needs them no more exactly than that.

import ApusRuntime

extension MachineLimits {
  /// Measures the limits for the first so many of a runtime's threads.
  ///
  /// - Throws: `RuntimeError.outOfMemory`.
  package static func measure(_ runtime: Runtime, threads: [Int]) throws(RuntimeError) -> [MachineLimits] {
    let meter = try LimitMeter(runtime)
    return threads.map { threads in
      func best(_ limit: LimitMeter.Limit) -> Double? {
        // The better of two: what disturbs a measurement makes it slower.
        [meter.sample(limit, threads: threads), meter.sample(limit, threads: threads)].compactMap { $0 }.max()
      }
      return MachineLimits(
        f32: best(.f32) ?? 0, bf16: best(.bf16), int8: best(.int8), readBytes: best(.memory) ?? 0)
    }
  }
}
