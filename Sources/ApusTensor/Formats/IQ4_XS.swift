// IQ4_XS: 256 weights as indices into IQ4_NL's levels in 8 groups of 32, each with a 6-bit signed scale. Block:
// half d, 8 high pairs of scales (16 bits), 8 low nibbles (4 bytes), 128 bytes of nibbles, each group's 16 bytes
// as in Q4_0. w = d · (scale − 32) · level[q].

import CApusKernels

package enum IQ4_XS: TensorFormat {
  package static let name = "IQ4_XS"
  package static let ggmlType: UInt32 = 23
  package static let blockSize = 256
  package static let blockBytes = 136
  package static var layout: apus_layout? { APUS_LAYOUT_IQ4_XS }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(0)
    let highPairs = block.integer(2, as: UInt16.self)
    for group in 0..<8 {
      let low = block.byte(4 + group / 2) >> UInt8(group % 2 * 4) & 15
      let high = UInt8(truncatingIfNeeded: highPairs >> UInt16(group * 2) & 3)
      let scale = d * Float(Int(low | high << 4) - 32)
      for i in 0..<16 {
        let pair = block.byte(8 + group * 16 + i)
        values[group * 32 + i] = scale * Float(IQ4_NL.levels[Int(pair & 15)])
        values[group * 32 + i + 16] = scale * Float(IQ4_NL.levels[Int(pair >> 4)])
      }
    }
  }
}

extension TensorType {
  /// 4 bits per weight into a table, 6-bit scales per 32: 4.25 bits.
  public static let iq4_xs = TensorType(IQ4_XS.self)
}
