// MXFP4: 32 weights as 4-bit floats (e2m1) and one power of two (e8m0), of the OCP Microscaling Formats
// specification v1.0. Block: byte e, 16 bytes of nibbles as in Q4_0. The levels below are doubled to be whole
// numbers, so the scale is 2^(e − 128). w = 2^(e − 128) · level[q].

import CApusKernels

package enum MXFP4: TensorFormat {
  package static let name = "MXFP4"
  package static let ggmlType: UInt32 = 39
  package static let blockSize = 32
  package static let blockBytes = 17
  package static var layout: apus_layout? { APUS_LAYOUT_MXFP4 }

  @inline(__always)
  static var levels: SIMD16<Int8> {
    SIMD16(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12)
  }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let e = UInt32(block.byte(0))
    // 2^(e − 128); the two smallest are subnormal floats.
    let d = Float(bitPattern: e < 2 ? 0x0020_0000 << e : (e - 1) << 23)
    for i in 0..<16 {
      let pair = block.byte(1 + i)
      values[i] = d * Float(levels[Int(pair & 15)])
      values[i + 16] = d * Float(levels[Int(pair >> 4)])
    }
  }

  /// The specification keeps e = 255 for "not a number"; the arithmetic above takes it for 2¹²⁷.
  package static func hasHiddenFault(_ block: UnsafeRawPointer) -> Bool {
    block.byte(0) == 255
  }
}

extension TensorType {
  /// 4-bit floats, a power of two per 32: 4.25 bits.
  public static let mxfp4 = TensorType(MXFP4.self)
}
