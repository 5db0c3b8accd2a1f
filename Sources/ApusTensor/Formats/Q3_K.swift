// Q3_K: 256 weights of 3 bits in 16 groups of 16, each with a 6-bit signed scale. Block: 32 bytes of high bits,
// 64 bytes of low pairs laid out as in Q2_K, 12 bytes of scales, half d. w = d · (scale − 32) · q, where q is
// the pair, less 4 when the high bit is clear.

import CApusKernels

package enum Q3_K: TensorFormat {
  package static let name = "Q3_K"
  package static let ggmlType: UInt32 = 11
  package static let blockSize = 256
  package static let blockBytes = 110
  package static var layout: apus_layout? { APUS_LAYOUT_Q3_K }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(108)
    for group in 0..<16 {
      // Scales: the low nibbles of 0 … 7 and then of 8 … 15 share 8 bytes, the high pairs the last 4.
      let low = block.byte(96 + group % 8) >> UInt8(group / 8 * 4) & 15
      let high = block.byte(104 + group % 4) >> UInt8(group / 4 * 2) & 3
      let scale = d * Float(Int(low | high << 4) - 32)
      let bytes = 32 + group / 8 * 32 + group % 2 * 16
      let shift = UInt8(group % 8 / 2 * 2)
      let highByte = group % 2 * 16
      let highBit = UInt8(group / 2)
      for i in 0..<16 {
        let pair = Int(block.byte(bytes + i) >> shift & 3)
        let isHigh = block.byte(highByte + i) >> highBit & 1 != 0
        values[group * 16 + i] = scale * Float(isHigh ? pair : pair - 4)
      }
    }
  }
}

extension TensorType {
  /// 3 bits per weight, 6-bit scales per 16: 3.4 bits.
  public static let q3_k = TensorType(Q3_K.self)
}
