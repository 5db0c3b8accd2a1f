// Random numbers without state: a number is a function of a key and a position, so it is the same on every
// machine, with any number of threads, and after a restart. Philox4x32-10 of J. K. Salmon, M. A. Moraes,
// R. O. Dror, D. E. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC'11, doi:10.1145/2063384.2063405.
// Normal numbers are in Normals.swift.

/// A family of random numbers, chosen by a key.
public struct Philox: Equatable, Hashable, Sendable {
  /// Families with different keys are independent.
  public let key: UInt64

  /// The family with the given key.
  public init(key: UInt64) {
    self.key = key
  }

  /// Four random words for a 128-bit counter, `low` its lower half.
  ///
  /// Ten rounds of two 32 × 32 → 64 bit products.
  @inlinable
  public func block(_ low: UInt64, _ high: UInt64 = 0) -> SIMD4<UInt32> {
    var c0 = UInt32(truncatingIfNeeded: low)
    var c1 = UInt32(truncatingIfNeeded: low >> 32)
    var c2 = UInt32(truncatingIfNeeded: high)
    var c3 = UInt32(truncatingIfNeeded: high >> 32)
    var k0 = UInt32(truncatingIfNeeded: key)
    var k1 = UInt32(truncatingIfNeeded: key >> 32)
    for _ in 0..<10 {
      // The multipliers and key steps are those of the paper; the steps are the golden ratio and √3 − 1.
      let first = UInt64(0xD251_1F53) &* UInt64(c0)
      let second = UInt64(0xCD9E_8D57) &* UInt64(c2)
      let n0 = UInt32(truncatingIfNeeded: second >> 32) ^ c1 ^ k0
      let n2 = UInt32(truncatingIfNeeded: first >> 32) ^ c3 ^ k1
      c1 = UInt32(truncatingIfNeeded: second)
      c3 = UInt32(truncatingIfNeeded: first)
      c0 = n0
      c2 = n2
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }

  /// Four numbers in [0, 1), multiples of 2⁻²⁴, for the block at `position` of `stream`.
  @inlinable
  public func uniforms(_ position: UInt64, stream: UInt64 = 0) -> SIMD4<Float> {
    let words = block(position, stream) &>> 8
    return SIMD4<Float>(SIMD4<Int32>(truncatingIfNeeded: words)) * 0x1p-24
  }

  /// One number in [0, 1), a multiple of 2⁻²⁴: element `position` of `stream`.
  ///
  /// A sampler draws with (seed, stream of the sequence, position of the token).
  @inlinable
  public func uniform(_ position: UInt64, stream: UInt64 = 0) -> Float {
    uniforms(position / 4, stream: stream)[Int(position % 4)]
  }

  /// The key of something with a name, such as a tensor: FNV-1a (64 bits) of its UTF-8, exclusive-or `seed`.
  public static func key(for name: String, seed: UInt64 = 0) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 {
      hash ^= UInt64(byte)
      hash &*= 0x0000_0100_0000_01B3
    }
    return hash ^ seed
  }
}
