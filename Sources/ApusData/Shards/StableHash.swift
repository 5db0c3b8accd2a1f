// A hash that is the same on every machine and in every version: what files keep cannot depend on Swift's own, which is
// seeded anew in each process. FNV-1a, 64 bits (G. Fowler, L. C. Noll, K.-P. Vo, draft-eastlake-fnv).

/// The hash of bytes given in pieces.
struct StableHash {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var hash = value
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    value = hash
  }

  mutating func add(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { add($0) }
  }
}
