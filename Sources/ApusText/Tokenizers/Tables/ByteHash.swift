// The hash of short byte strings that the tables and the word cache share: two overlapping words folded with one
// full multiplication (the construction of wyhash, https://github.com/wangyi-fudan/wyhash), because the strings
// are words and pieces of 1 … 16 bytes and everything else would cost more than it saves.

@inline(__always)
private func load64(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
  UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self)
}

@inline(__always)
private func load32(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
  UInt64(UnsafeRawPointer(bytes).loadUnaligned(as: UInt32.self))
}

@inline(__always)
private func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
  let product = a.multipliedFullWidth(by: b)
  return product.high ^ product.low
}

/// A 64-bit hash of `count` bytes. Reads no byte outside of them.
@inline(__always)
package func byteHash(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
  let first: UInt64
  let last: UInt64
  var seed: UInt64 = 0x9e37_79b9_7f4a_7c15
  if count >= 8 {
    var position = 0
    while count - position > 16 {
      seed = fold(
        load64(bytes + position) ^ 0xa076_1d64_78bd_642f, load64(bytes + position + 8) ^ seed)
      position += 16
    }
    // Up to 16 bytes remain; the two loads below cover them, overlapping each other or bytes already folded.
    first = load64(bytes + min(position, count - 8))
    last = load64(bytes + count - 8)
  } else if count >= 4 {
    first = load32(bytes)
    last = load32(bytes + count - 4)
  } else if count > 0 {
    first = UInt64(bytes[0]) << 16 | UInt64(bytes[count >> 1]) << 8 | UInt64(bytes[count - 1])
    last = 0
  } else {
    first = 0
    last = 0
  }
  return fold(
    first ^ 0xe703_7ed1_a0b4_28db ^ UInt64(truncatingIfNeeded: count), last ^ seed)
}

/// A 64-bit hash of a 64-bit key.
@inline(__always)
package func integerHash(_ key: UInt64) -> UInt64 {
  fold(key ^ 0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db)
}

/// Whether two runs of `count` bytes are equal.
@inline(__always)
package func bytesEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
  if count >= 8 {
    var position = 0
    while position + 8 <= count {
      if load64(a + position) != load64(b + position) { return false }
      position += 8
    }
    return load64(a + count - 8) == load64(b + count - 8)
  }
  if count >= 4 {
    return load32(a) == load32(b) && load32(a + count - 4) == load32(b + count - 4)
  }
  for index in 0..<count where a[index] != b[index] { return false }
  return true
}
