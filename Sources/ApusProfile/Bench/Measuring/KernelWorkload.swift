// A few kernels that stand for all: products of many tokens and of one, attention over a prompt and over a long cache.
// All of them, with the machine's limits, are in `apus bench kernels`.

import ApusRuntime
import ApusTensor

/// Measures kernels on operands of its own, made anew for each sample.
package final class KernelWorkload: Workload {
  package let tests: [BenchTest]
  private let timer: KernelTimer
  private let entries: [(KernelTimer) throws -> KernelMeasurement]

  /// Calls each kernel a few times to know its work.
  package init(_ runtime: Runtime, isStopped: @escaping () -> Bool = { false }) throws {
    timer = KernelTimer(runtime, seconds: 0.02) { if isStopped() { throw BenchStopped() } }
    let first = KernelTimer(runtime, seconds: 0)
    var entries: [(KernelTimer) throws -> KernelMeasurement] = []
    for (name, layout) in KernelTimer.layouts where ["F32", "BF16", "Q8_0", "Q4_K"].contains(name) {
      entries.append { try $0.product("gemm", name, layout, tokens: 256, rows: 2048, columns: 2048) }
    }
    for (name, layout) in KernelTimer.layouts where ["Q8_0", "Q4_K"].contains(name) {
      let rows = KernelTimer.rowsBeyondCaches(layout, columns: 2048) / 2
      entries.append { try $0.product("gemv", name, layout, tokens: 1, rows: rows, columns: 2048) }
    }
    for (tokens, keys) in [(256, 256), (1, 16_384)] {
      entries.append {
        try $0.attention(.f16, tokens: tokens, keys: keys, heads: 8, group: 4, headSize: 64)
      }
    }
    self.entries = entries
    tests = try entries.map { entry in
      let measured = try entry(first)
      let unit: BenchUnit = measured.limit == nil ? .values : measured.limit == .memory ? .bytes : .operations
      return BenchTest(
        "\(measured.kernel) \(measured.type) \(measured.tokens)×\(measured.rows)×\(measured.columns)",
        unit: unit,
        work: measured.work)
    }
  }

  package func renew() throws {}

  package func operations(_ test: Int) -> [String] { [] }

  package func sample(_ test: Int) throws -> BenchReading {
    BenchReading(seconds: try entries[test](timer).seconds)
  }
}
