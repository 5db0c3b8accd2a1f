// The definition of the normal numbers that test models are made of, against the formula in double.

import ApusTestSupport
import Testing

@testable import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct NormalsTests {
  @Test func normalsAreWhatTheyShouldBe() {
    let random = Philox(key: Philox.key(for: "token_embd.weight", seed: 7))
    let count = 100_000
    var values = [Float](repeating: 0, count: count)
    values.withUnsafeMutableBufferPointer { random.fillNormals($0) }
    for element in [0, 1, 2, 3, 4, 4097, count - 1] {
      let words = random.block(UInt64(element / 4))
      let (a, b) = element % 4 < 2 ? (words[0], words[1]) : (words[2], words[3])
      let radius = sqrt(-2 * log((Double(a) + 1) / 4_294_967_296))
      let angle = 2 * Double.pi * (Double(b) / 4_294_967_296)
      let expected = radius * (element % 2 == 0 ? cos(angle) : sin(angle))
      // Our log, sin and cos are good to a few ULP of a double, far below one of a float.
      #expect(abs(Double(values[element]) - expected) <= Double(values[element].ulp))
    }
    let mean = values.reduce(0) { $0 + Double($1) } / Double(count)
    let variance = values.reduce(0) { $0 + Double($1) * Double($1) } / Double(count)
    #expect(abs(mean) < 5 / Double(count).squareRoot())
    #expect(abs(variance - 1) < 5 * (2 / Double(count)).squareRoot())
    #expect(values.allSatisfy { $0.isFinite })
  }

  /// Any cut into ranges gives the same numbers.
  @Test(arguments: [0, 1, 2, 3, 4, 5, 7, 1_000_003], [0, 1, 3, 4, 5, 17])
  func rangesAgree(first: UInt64, count: Int) {
    let random = Philox(key: 99)
    var whole = [Float](repeating: 0, count: 32)
    whole.withUnsafeMutableBufferPointer { random.fillNormals($0, from: first) }
    var part = [Float](repeating: 0, count: count)
    part.withUnsafeMutableBufferPointer { random.fillNormals($0, from: first) }
    #expect(part == Array(whole[..<count]))
    var second = [Float](repeating: 0, count: 32 - count)
    second.withUnsafeMutableBufferPointer { random.fillNormals($0, from: first + UInt64(count)) }
    #expect(second == Array(whole[count...]))
  }

  /// The ends of the words: the largest and the smallest radius are finite.
  @Test func extremesOfNormals() {
    let (largest, _) = Philox.normalPair(0, 0)
    #expect(abs(largest - (2 * 32 * log(2.0)).squareRoot()) < 1e-14)
    let (zero, alsoZero) = Philox.normalPair(.max, .max)
    #expect(zero == 0 && alsoZero == 0)
  }
}
