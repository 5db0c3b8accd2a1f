// The 16-bit floats of the formats, converted in integer arithmetic so that they are the same on every CPU
// and compiler. The kernels have their own, vectorised; tests hold the two against each other.

/// The value of the IEEE binary16 number `bits`. Exact; subnormals, infinities and NaN included.
@inline(__always)
package func float(half bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let magnitude = UInt32(bits & 0x7fff)
  if magnitude >= 0x7c00 {
    return Float(bitPattern: sign | 0x7f80_0000 | (magnitude & 0x3ff) << 13)
  }
  if magnitude >= 0x0400 {
    return Float(bitPattern: sign | (magnitude << 13 &+ 112 << 23))
  }
  // A subnormal is magnitude · 2⁻²⁴: put it below a 1 of the right size and take the 1 away.
  let base: UInt32 = 113 << 23
  let value = Float(bitPattern: base | magnitude << 13) - Float(bitPattern: base)
  return Float(bitPattern: sign | value.bitPattern)
}

/// `value` rounded to IEEE binary16, ties to even; beyond 65520 it is infinity, NaN stays NaN (quiet).
@inline(__always)
package func half(_ value: Float) -> UInt16 {
  let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
  let magnitude = value.bitPattern & 0x7fff_ffff
  if magnitude >= 0x4780_0000 {  // 2¹⁶
    return sign | (magnitude > 0x7f80_0000 ? 0x7e00 : 0x7c00)
  }
  if magnitude < 0x3880_0000 {  // 2⁻¹⁴: the sum's last bit is 2⁻²⁴, so the addition rounds as wanted
    let sum = Float(bitPattern: magnitude) + 0.5
    return sign | UInt16(truncatingIfNeeded: sum.bitPattern &- Float(0.5).bitPattern)
  }
  let odd = (magnitude >> 13) & 1
  return sign | UInt16(truncatingIfNeeded: (magnitude &- 112 << 23 &+ 0xfff &+ odd) >> 13)
}

/// The value of the bfloat16 number `bits`: the upper half of a float.
@inline(__always)
package func float(bfloat bits: UInt16) -> Float {
  Float(bitPattern: UInt32(bits) << 16)
}

/// `value` rounded to bfloat16, ties to even; NaN stays NaN (quiet).
@inline(__always)
package func bfloat(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
  return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
}
