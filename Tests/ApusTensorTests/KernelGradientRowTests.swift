// Gradients of row operations, of every table: bits against portable over odd lengths and special values, in place, and
// nothing written behind a row; sums over rows against their definition.

import CApusKernels
import Testing

@Suite struct KernelGradientRowTests {
  static let kinds: [apus_unary] = [APUS_IDENTITY] + KernelRowTests.kinds
  static let supported = Table.all.filter(\.isSupported)
  private let rows = KernelRowTests()

  /// Runs a kernel that writes two rows of n floats; what follows must stay.
  func pair(
    _ n: Int, _ body: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) -> [Float] {
    var y = [Float](repeating: 3, count: 2 * n + 2)
    y.withUnsafeMutableBufferPointer { body($0.baseAddress!, $0.baseAddress! + n + 1) }
    #expect(y[n] == 3 && y[2 * n + 1] == 3)
    return y
  }

  @Test(arguments: Table.others, KernelRowTests.lengths)
  func sameBitsAsPortable(_ table: Table, _ n: Int) {
    var numbers = SeededNumbers(UInt64(n) + 50)
    let a = table.cpu.pointee
    let b = Table.portable.cpu.pointee
    let count = Int32(n)
    for round in 0..<20 {
      let x = round % 2 == 0 ? rows.special(n, &numbers) : numbers.floats(n, scale: 5)
      // Sums over a row of special values are NaN: some rounds have them in the gradient alone.
      let dy = round % 4 == 1 ? rows.special(n, &numbers) : numbers.floats(n)
      let (w, v) = (numbers.floats(n), numbers.floats(n))
      func check(
        _ name: String, _ run: (apus_cpu, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void
      ) {
        let difference = firstDifference(pair(n) { run(b, $0, $1) }, pair(n) { run(a, $0, $1) })
        #expect(difference == nil, "\(name) \(table) n \(n) round \(round) index \(difference ?? -1)")
      }
      for kind in Self.kinds {
        check("unary_gradient \(kind.rawValue)") { cpu, dx, _ in cpu.unary_gradient(kind, x, dy, count, dx) }
        check("gated_gradient \(kind.rawValue)") { $0.gated_gradient(kind, x, w, dy, count, $1, $2) }
      }
      check("softcap_gradient") { cpu, dx, _ in cpu.softcap_gradient(x, 30, dy, count, dx) }
      var stats: [Float] = [0, 0]
      check("rms_norm_gradient") { cpu, dx, other in
        cpu.rms_norm_gradient(x, w, dy, count, 1e-5, dx, &stats)
        other.update(repeating: 0, count: n)
        other[0] = stats[1]
        #expect(stats[0] == 0)
      }
      check("layer_norm_gradient") { cpu, dx, other in
        cpu.layer_norm_gradient(x, w, dy, count, 1e-5, dx, &stats)
        other.update(repeating: stats[0], count: n)
        other[0] = stats[1]
      }
      check("softmax_gradient") { cpu, dx, _ in cpu.softmax_gradient(x, Int64(n), 2.5, 0.75, 0.125, dx) }
      if n % 2 == 0 {
        for interleaved in [Int32(0), 1] {
          check("rope_back \(interleaved)") { cpu, dx, _ in cpu.rope_back(x, v, count / 2, interleaved, dx) }
        }
      }
    }
  }

  @Test("dx may be dy", arguments: supported, KernelRowTests.lengths)
  func inPlace(_ table: Table, _ n: Int) {
    var numbers = SeededNumbers(UInt64(n) + 60)
    let cpu = table.cpu.pointee
    let count = Int32(n)
    let (x, dy, w) = (numbers.floats(n, scale: 3), numbers.floats(n), numbers.floats(n))
    var stats: [Float] = [0, 0]
    func check(
      _ name: String, _ run: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    ) {
      let apart = rows.output(n) { run(dy, $0) }
      let inPlace = rows.output(n) { dx in
        dx.update(from: dy, count: n)
        run(dx, dx)
      }
      let difference = firstDifference(apart, inPlace)
      #expect(difference == nil, "\(name) \(table) n \(n) index \(difference ?? -1)")
    }
    for kind in Self.kinds {
      check("unary_gradient \(kind.rawValue)") { cpu.unary_gradient(kind, x, $0, count, $1) }
      let apart = pair(n) { cpu.gated_gradient(kind, x, w, dy, count, $0, $1) }
      for overGate in [true, false] {
        let inPlace = pair(n) { dgate, dup in
          let shared = overGate ? dgate : dup
          shared.update(from: dy, count: n)
          cpu.gated_gradient(kind, x, w, shared, count, dgate, dup)
        }
        let difference = firstDifference(apart, inPlace)
        #expect(
          difference == nil, "gated_gradient \(kind.rawValue) \(table) n \(n) index \(difference ?? -1)")
      }
    }
    check("softcap_gradient") { cpu.softcap_gradient(x, 30, $0, count, $1) }
    check("rms_norm_gradient") { cpu.rms_norm_gradient(x, w, $0, count, 1e-5, $1, &stats) }
    check("layer_norm_gradient") { cpu.layer_norm_gradient(x, w, $0, count, 1e-5, $1, &stats) }
    check("softmax_gradient") { cpu.softmax_gradient($0, Int64(n), 2.5, 0.75, 0.125, $1) }
    if n % 2 == 0 {
      for interleaved in [Int32(0), 1] {
        check("rope_back \(interleaved)") { cpu.rope_back($0, w, count / 2, interleaved, $1) }
      }
    }
  }

  /// Chunks of 256 rows from zero, added in order to what there is.
  @Test(arguments: supported)
  func sumsOverRowsAreAsDefined(_ table: Table) {
    var numbers = SeededNumbers(70)
    let cpu = table.cpu.pointee
    for (index, count) in [1, 2, 3, 255, 256, 257, 512, 600].enumerated() {
      for n in [1, 15, 16, 17, 33, 100] {
        let (stride, dyStride, statsStride) = (n + index % 3, n + 2, 2 + index % 2)
        let x = numbers.floats(count * stride, scale: 3)
        let dy = numbers.floats(count * dyStride)
        let stats = numbers.floats(count * statsStride, scale: 2)
        let before = numbers.floats(n)
        for first in [0, 1] {
          func defined(_ add: (Int, Int, inout Float) -> Void) -> [Float] {
            (0..<n).map { i in
              var total: Float = first == 1 ? 0 : before[i]
              for start in Swift.stride(from: 0, to: count, by: 256) {
                var sum: Float = 0
                for r in start..<min(start + 256, count) { add(r, i, &sum) }
                total += sum
              }
              return total
            }
          }
          func check(_ name: String, _ expected: [Float], _ run: (UnsafeMutablePointer<Float>) -> Void) {
            let found = rows.output(n) { y in
              y.update(from: before, count: n)
              run(y)
            }
            let difference = firstDifference(expected, found)
            #expect(difference == nil, "\(name) \(table) \(count) × \(n), first \(first)")
          }
          check("sum_rows", defined { $2 += x[$0 * stride + $1] }) {
            cpu.sum_rows(x, stride, Int32(count), Int32(n), Int32(first), $0)
          }
          let weights = defined { r, i, sum in
            let centred = x[r * stride + i] - stats[r * statsStride]
            sum.addProduct(dy[r * dyStride + i], centred * stats[r * statsStride + 1])
          }
          check("norm_weight_gradient", weights) {
            cpu.norm_weight_gradient(
              x, stride, dy, dyStride, stats, statsStride, Int32(count), Int32(n), Int32(first), $0)
          }
        }
      }
    }
  }
}
