// IQ4_NL: 32 weights as indices into a table of 16 unevenly spaced levels, and one scale. Block: half d, 16
// bytes of nibbles as in Q4_0. w = d · level[q].

import CApusKernels

package enum IQ4_NL: TensorFormat {
  package static let name = "IQ4_NL"
  package static let ggmlType: UInt32 = 20
  package static let blockSize = 32
  package static let blockBytes = 18
  package static var layout: apus_layout? { APUS_LAYOUT_IQ4_NL }

  /// The levels of IQ4_NL and IQ4_XS.
  @inline(__always)
  static var levels: SIMD16<Int8> {
    SIMD16(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)
  }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(0)
    for i in 0..<16 {
      let pair = block.byte(2 + i)
      values[i] = d * Float(levels[Int(pair & 15)])
      values[i + 16] = d * Float(levels[Int(pair >> 4)])
    }
  }
}

extension TensorType {
  /// 4 bits per weight into a table, a scale per 32: 4.5 bits.
  public static let iq4_nl = TensorType(IQ4_NL.self)
}
