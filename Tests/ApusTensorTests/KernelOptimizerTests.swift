// Kernels of the optimisers and of initialisation: the bits of portable on every table, over odd lengths and special values.
// What they compute is tested where it is used, in ApusTrainingTests.

import CApusKernels
import Testing

@Suite struct KernelOptimizerTests {
  static let lengths = [1, 7, 15, 16, 17, 33, 255, 256, 257, 600]

  /// Random values of many magnitudes, special ones among them in odd rounds.
  func values(_ count: Int, _ round: Int, _ numbers: inout SeededNumbers) -> [Float] {
    let extremes: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude, 0x1p-133, 1e-19, -1e19,
    ]
    return (0..<count).map { _ in
      if round % 2 == 1, numbers.below(8) == 0 { return extremes[numbers.below(extremes.count)] }
      return numbers.signed() * Float(sign: .plus, exponent: numbers.below(40) - 30, significand: 1)
    }
  }

  /// Copies of the inputs, run on both tables, all of them compared; one value behind each stays.
  func check(
    _ name: String, _ table: Table, _ inputs: [[Float]],
    _ run: (apus_cpu, [UnsafeMutablePointer<Float>]) -> Void
  ) {
    func results(_ cpu: apus_cpu) -> [[Float]] {
      let memory = inputs.map { Bytes(4 * ($0.count + 1)) }
      for (bytes, input) in zip(memory, inputs) {
        for (index, value) in input.enumerated() { bytes.floats[index] = value }
        bytes.floats[input.count] = 3
      }
      run(cpu, memory.map(\.floats))
      return zip(memory, inputs).map { bytes, input in (0...input.count).map { bytes.floats[$0] } }
    }
    let (found, expected) = (results(table.cpu.pointee), results(Table.portable.cpu.pointee))
    for (array, (a, b)) in zip(found, expected).enumerated() {
      let difference = firstDifference(a, b)
      #expect(difference == nil, "\(name) \(table), array \(array), index \(difference ?? -1)")
      #expect(a.last == 3, "\(name) \(table) writes too far")
    }
  }

  @Test(arguments: Table.others, lengths)
  func sameBitsAsPortable(_ table: Table, _ n: Int) {
    var numbers = SeededNumbers(UInt64(n))
    let count = Int32(n)
    for round in 0..<6 {
      let w = values(n, round, &numbers)
      let g = values(n, round, &numbers)
      let m = values(n, round, &numbers)
      let v = values(n, round, &numbers).map(abs)
      var adam = apus_adamw(
        gradient_scale: 0.5, keep: 0.999, beta1: 0.9, blend1: 0.1, beta2: 0.95, blend2: 0.05,
        inverse_root: 1.5,
        epsilon: 1e-8, step: 1e-3)
      check("adamw", table, [w, g, m, v]) { $0.adamw(&adam, count, $1[0], $1[1], $1[2], $1[3]) }
      var sgd = apus_sgd(
        gradient_scale: 0.5, decay: 0.01, momentum: 0.9, step: 0.1, nesterov: Int32(round & 2))
      check("sgd", table, [w, g, m]) { $0.sgd(&sgd, count, $1[0], $1[1], $1[2]) }
      check("sgd without momentum", table, [w, g]) { $0.sgd(&sgd, count, $1[0], $1[1], nil) }
      var lion = apus_lion(
        gradient_scale: 0.5, keep: 0.99, beta1: 0.9, blend1: 0.1, beta2: 0.99, blend2: 0.01, step: 1e-3)
      check("lion", table, [w, g, m]) { $0.lion(&lion, count, $1[0], $1[1], $1[2]) }
      var factors = apus_adafactor(factor: 3, step: 0.01, keep: 0.99, beta1: 0.9, blend1: 0.1)
      check("adafactor", table, [w, g, v, m]) { $0.adafactor(&factors, count, $1[0], $1[1], $1[2], $1[3]) }
      check("adafactor without momentum", table, [w, g, v]) {
        $0.adafactor(&factors, count, $1[0], $1[1], $1[2], nil)
      }
      let rows = 1 + round
      let matrix = values(n * rows, round, &numbers)
      check(
        "adafactor_sums", table,
        [matrix, [Float](repeating: 1, count: rows), [Float](repeating: 1, count: n)]
      ) { $0.adafactor_sums($1[0], 0.5, Int32(rows), count, $1[1], $1[2]) }
      check("weighted_sum", table, [w, g, m]) { $0.weighted_sum(0.3, $1[0], -2, $1[1], count, $1[2]) }
      for y in [nil, g] {
        func sum(_ cpu: apus_cpu) -> Double {
          y.map { cpu.sum_squares(w, $0, 0.7, Int64(n)) } ?? cpu.sum_squares(w, nil, 0.7, Int64(n))
        }
        let (a, b) = (sum(table.cpu.pointee), sum(Table.portable.cpu.pointee))
        #expect(a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN), "sum_squares \(table), n \(n)")
      }
      for cut in [Float(0), 1, 3] {
        check("normals", table, [w]) {
          $0.normals(UInt64(round) << 33 | 7, (1 << 60) - 1, 0.02, cut, count, $1[0])
        }
      }
    }
  }

  @Test(arguments: Table.others, lengths)
  func statesOf8Bits(_ table: Table, _ n: Int) {
    var numbers = SeededNumbers(UInt64(n) + 1)
    var adam = apus_adamw(
      gradient_scale: 0.5, keep: 0.999, beta1: 0.9, blend1: 0.1, beta2: 0.95, blend2: 0.05, inverse_root: 1.5,
      epsilon: 1e-8, step: 1e-3)
    for round in 0..<4 {
      let w = values(n, round, &numbers)
      let gradients = (0..<3).map { _ in values(n, round, &numbers) }
      func results(_ cpu: apus_cpu) -> ([Float], [UInt8], [Float]) {
        var w = w
        var codes = [UInt8](repeating: 0, count: 2 * n + 1)
        var scales = [Float](repeating: 0, count: (n + 255) / 256 * 2 + 1)
        (codes[2 * n], scales[scales.count - 1]) = (99, 99)
        codes.withUnsafeMutableBufferPointer { codes in
          for (step, g) in gradients.enumerated() {
            cpu.adamw8(
              &adam, UInt64(step) << 40 | 5, UInt64(round) << 31, Int32(n), &w, g, codes.baseAddress!,
              codes.baseAddress! + n, &scales)
          }
        }
        return (w, codes, scales)
      }
      let (found, expected) = (results(table.cpu.pointee), results(Table.portable.cpu.pointee))
      #expect(firstDifference(found.0, expected.0) == nil, "\(table), n \(n), round \(round)")
      #expect(found.1 == expected.1, "\(table), n \(n), round \(round)")
      #expect(firstDifference(found.2, expected.2) == nil, "\(table), n \(n), round \(round)")
      #expect(found.1[2 * n] == 99 && found.2.last == 99)
    }
  }

  @Test("normal numbers do not depend on how a tensor is cut", arguments: Table.all.filter(\.isSupported))
  func cutAnywhere(_ table: Table) {
    let cpu = table.cpu.pointee
    func drawn(from group: UInt64, _ count: Int) -> [Float] {
      var y = [Float](repeating: 0, count: count)
      cpu.normals(42, group, 1, 2, Int32(count), &y)
      return y
    }
    let whole = drawn(from: 0, 1000)
    for group in [1, 3, 14] {
      let part = drawn(from: UInt64(group), 1000 - 64 * group)
      #expect(part == Array(whole[(64 * group)...]), "\(table)")
    }
    #expect(drawn(from: 0, 77) == Array(whole[..<77]), "\(table)")
    #expect(whole.allSatisfy { abs($0) <= 2 })
    #expect(whole != drawn(from: 1, 1000))
  }
}
