// How the format files read and write the bytes of a block: little-endian, at any alignment.

extension UnsafeRawPointer {
  /// The byte at `offset`.
  @inline(__always)
  func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

  /// The byte at `offset` as a signed number.
  @inline(__always)
  func signedByte(_ offset: Int) -> Int8 { load(fromByteOffset: offset, as: Int8.self) }

  /// The little-endian integer at `offset`.
  @inline(__always)
  func integer<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
  }

  /// The binary16 number at `offset`, widened.
  @inline(__always)
  func half(_ offset: Int) -> Float { float(half: integer(offset, as: UInt16.self)) }
}

extension UnsafeMutableRawPointer {
  /// Writes `value` at `offset`, little-endian.
  @inline(__always)
  func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }
}

/// 1 / `scale`, or 0 for a scale of zero, as every encoder of the 4-, 5- and 8-bit types inverts its scale.
@inline(__always)
func inverse(_ scale: Float) -> Float { scale == 0 ? 0 : 1 / scale }

/// `value` cut to an integer and clipped to 0 … `top`. Where the inverse of a subnormal scale overflowed,
/// `value` is no number; such a block has scale zero in 16 bits, and the quantum is 0.
@inline(__always)
func quantum(_ value: Float, top: UInt8) -> UInt8 {
  guard value >= 0, value < 256 else { return 0 }
  return min(UInt8(value), top)
}
