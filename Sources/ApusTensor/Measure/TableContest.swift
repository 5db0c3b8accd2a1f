// Whether vectors of 512 bits pay on this processor: some lower their clock for them, some halve their units. The same
// products and attention, with both tables, in turn.

import ApusRuntime
import CApusKernels

/// The best table of 512 bits against the best of 256.
package struct TableContest: Sendable {
  package let wide: String
  package let narrow: String
  /// How much faster the wide one is at each, as a ratio of median times.
  package let ratios: [(what: String, ratio: Double)]

  /// The table to use: the narrow one only when it wins by more than what measuring is worth.
  package var winner: String {
    let product = ratios.reduce(1) { $0 * $1.ratio }
    return product < 0.9 ? narrow : wide
  }

  /// Nil where the machine does not run both.
  ///
  /// - Throws: `RuntimeError.outOfMemory`.
  package static func measure(_ runtime: Runtime, seconds: Double = 0.05) throws -> TableContest? {
    func best(_ bits: Int) throws -> CPU? {
      for name in try CPU().supported.reversed() {
        let cpu = try CPU(named: name)
        if cpu.vectorBits == bits { return cpu }
      }
      return nil
    }
    guard let wide = try best(512), let narrow = try best(256) else { return nil }
    let (first, second) = (
      KernelTimer(runtime, cpu: wide, seconds: seconds), KernelTimer(runtime, cpu: narrow, seconds: seconds)
    )
    func ratio(_ measure: (KernelTimer) throws -> KernelMeasurement) throws -> Double {
      // A B B A, so that a machine that drifts favours neither.
      let (a, b, c, d) = (try measure(first), try measure(second), try measure(second), try measure(first))
      return (b.seconds + c.seconds) / (a.seconds + d.seconds)
    }
    return TableContest(
      wide: wide.name, narrow: narrow.name,
      ratios: [
        (
          "prompt, Q8_0",
          try ratio {
            try $0.product("gemm", "Q8_0", APUS_LAYOUT_Q8_0, tokens: 256, rows: 2048, columns: 2048)
          }
        ),
        (
          "prompt, Q4_K",
          try ratio {
            try $0.product("gemm", "Q4_K", APUS_LAYOUT_Q4_K, tokens: 256, rows: 2048, columns: 2048)
          }
        ),
        (
          "one token, Q4_K",
          try ratio {
            try $0.product("gemv", "Q4_K", APUS_LAYOUT_Q4_K, tokens: 1, rows: 65_536, columns: 2048)
          }
        ),
        (
          "attention",
          try ratio { try $0.attention(.f16, tokens: 128, keys: 1024, heads: 4, group: 4, headSize: 64) }
        ),
      ])
  }
}
