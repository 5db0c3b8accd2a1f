// Philox against the vectors published with Random123 (kat_vectors, philox4x32 10).

import ApusTestSupport
import Testing

@testable import ApusRuntime

struct PhiloxTests {
  @Test func knownAnswers() {
    #expect(Philox(key: 0).block(0, 0) == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
    #expect(
      Philox(key: .max).block(.max, .max) == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
    // The digits of pi: counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0.
    #expect(
      Philox(key: 0x299F_31D0_A409_3822).block(0x85A3_08D3_243F_6A88, 0x0370_7344_1319_8A2E)
        == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
  }

  @Test func uniforms() {
    let random = Philox(key: 42)
    var sum = 0.0
    let count = 40_000
    for position in 0..<count {
      let value = random.uniform(UInt64(position), stream: 3)
      #expect(value >= 0 && value < 1)
      #expect(value * 0x1p24 == (value * 0x1p24).rounded())
      sum += Double(value)
    }
    // The mean of n uniforms deviates by 1 / √(12 n); five deviations.
    #expect(abs(sum / Double(count) - 0.5) < 5 / (12 * Double(count)).squareRoot())
    #expect(random.uniform(5, stream: 3) == random.uniforms(1, stream: 3)[1])
    #expect(random.uniform(5, stream: 3) != random.uniform(5, stream: 4))
  }

  @Test func keys() {
    // FNV-1a's published vectors.
    #expect(Philox.key(for: "") == 0xCBF2_9CE4_8422_2325)
    #expect(Philox.key(for: "a") == 0xAF63_DC4C_8601_EC8C)
    #expect(Philox.key(for: "foobar") == 0x8594_4171_F739_67E8)
    #expect(Philox.key(for: "foobar", seed: 1) == 0x8594_4171_F739_67E9)
  }
}
