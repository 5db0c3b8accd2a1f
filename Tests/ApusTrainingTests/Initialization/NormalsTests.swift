// Normal numbers: the definition in double, and the law: moments, the distance of Kolmogorov and Smirnov, the tail. How
// tables agree is in ApusTensorTests/KernelOptimizerTests.swift.

import ApusRuntime
import CApusKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@testable import ApusTraining

@Suite struct NormalsTests {
  func drawn(_ count: Int, key: UInt64 = 1, cut: Float? = nil, workers: Int = 2) throws -> [Float] {
    let pool = try WorkerPool(count: workers, processors: workers)
    let cpu = try kernels()
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      WeightDistribution.normal(deviation: 1, cut: cut).fill(
        buffer.baseAddress!, count: count, key: key, workers: pool, cpu: cpu)
      initialized = count
    }
  }

  /// The transform in double on Philox's own words; the word a as a signed number, plus a half.
  func pair(_ a: UInt32, _ b: UInt32) -> (Double, Double) {
    let signed = (Double(Int32(bitPattern: a)) + 0.5) * 0x1p-32
    let logarithm = signed < 0 ? log1p(signed) : log(signed)
    let angle = 2 * Double.pi * ((Double(Int32(bitPattern: b)) + 0.5) * 0x1p-32)
    return ((-2 * logarithm).squareRoot() * cos(angle), (-2 * logarithm).squareRoot() * sin(angle))
  }

  /// Holds a group of 64 against the definition.
  func compare(key: UInt64, group: Int, _ found: ArraySlice<Float>) {
    let philox = Philox(key: key)
    for lane in 0..<16 {
      let words = philox.block(UInt64(16 * group + lane))
      let expected = [pair(words[0], words[1]), pair(words[2], words[3])].flatMap { [$0.0, $0.1] }
      for part in 0..<4 {
        let value = Double(found[found.startIndex + 16 * part + lane])
        // A radius below 7 and a point of the circle, each right to 2 ULP.
        #expect(abs(value - expected[part]) < 7 * 4 * 0x1p-24, "key \(key), group \(group), lane \(lane)")
      }
    }
  }

  @Test(arguments: [UInt64(1), 0xDEAD_BEEF_0123_4567])
  func definition(_ key: UInt64) throws {
    let found = try drawn(64 * 100, key: key)
    for group in 0..<100 { compare(key: key, group: group, found[(64 * group)..<(64 * group + 64)]) }
  }

  /// Of the first 2³² numbers of key 1, 272,162 are beyond 4 deviations (the law: 272,054), 2,447 beyond 5 (2,462),
  /// 178 beyond 5.5 (163) and 13 beyond 6 (8.5). The groups of four of them:
  @Test(arguments: [
    (5_693_368, 6.188548), (10_093_291, 6.240399), (23_155_173, 6.584073), (33_059_153, 6.320722),
  ])
  func tail(_ group: Int, _ largest: Double) throws {
    var found = [Float](repeating: 0, count: 64)
    try kernels().pointee.normals(1, UInt64(group), 1, 0, 64, &found)
    compare(key: 1, group: group, found[...])
    #expect(abs(Double(found.map(abs).max()!) - largest) < 2e-6)
  }

  @Test func momentsAndLaw() throws {
    let count = 1 << 17
    let values = try drawn(count, key: 11).map(Double.init)
    let n = Double(count)
    let mean = values.reduce(0, +) / n
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    let skewness = values.reduce(0) { $0 + $1 * $1 * $1 } / n
    let kurtosis = values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / n
    // Four deviations of each estimate: 1, √2, √15 and √96 over √n.
    #expect(abs(mean) < 4 / n.squareRoot())
    #expect(abs(variance - 1) < 4 * (2 / n).squareRoot())
    #expect(abs(skewness) < 4 * (15 / n).squareRoot())
    #expect(abs(kurtosis - 3) < 4 * (96 / n).squareRoot())
    // Neighbours: the two of a pair, and lanes.
    for distance in [1, 16, 32, 64] {
      let products = (0..<count - distance).reduce(0.0) { $0 + values[$1] * values[$1 + distance] }
      #expect(abs(products / n) < 4 / n.squareRoot(), "distance \(distance)")
    }
    // The largest distance between the laws: 1.95 / √n is passed once in a thousand.
    let sorted = values.sorted()
    var worst = 0.0
    for (index, value) in sorted.enumerated() {
      let law = 0.5 * erfc(-value / 2.0.squareRoot())
      worst = max(worst, abs(law - Double(index) / n), abs(Double(index + 1) / n - law))
    }
    #expect(worst < 1.95 / n.squareRoot())
  }

  @Test(arguments: [Float(1), 2, 3])
  func cut(_ cut: Float) throws {
    let count = 1 << 15
    let values = try drawn(count, key: 5, cut: cut)
    #expect(values.map(abs).max()! <= cut)
    // Those that were inside stay what they were.
    let whole = try drawn(count, key: 5)
    #expect(zip(values, whole).allSatisfy { abs($1) > cut || $0 == $1 })
    // The variance of the law cut at c: 1 − 2 c φ(c) / (2 Φ(c) − 1).
    let c = Double(cut)
    let density = exp(-c * c / 2) / (2 * Double.pi).squareRoot()
    let expected = 1 - 2 * c * density / erf(c / 2.0.squareRoot())
    let variance = values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
    #expect(abs(variance - expected) < 4 * (2 / Double(count)).squareRoot())
  }

  @Test("the same bits for any number of workers")
  func workers() throws {
    // More than two units of work, and a ragged end.
    let count = 150_001
    let one = try drawn(count, key: 9, cut: 3, workers: 1)
    for workers in [2, 3] { #expect(try drawn(count, key: 9, cut: 3, workers: workers) == one) }
  }
}
