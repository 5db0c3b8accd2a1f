// Q5_K: 256 weights of 5 bits in 8 groups of 32, scales and minima as in Q4_K. Block: half d, half dmin,
// 12 bytes of scales and minima, 32 bytes of high bits (bit g for group g), 128 bytes of nibbles.
// w = (d · scale) · q − dmin · minimum.

import CApusKernels

package enum Q5_K: TensorFormat {
  package static let name = "Q5_K"
  package static let ggmlType: UInt32 = 13
  package static let blockSize = 256
  package static let blockBytes = 176
  package static var layout: apus_layout? { APUS_LAYOUT_Q5_K }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(0)
    let dmin = block.half(2)
    for group in 0..<8 {
      let (scale6, minimum6) = Q4_K.scaleAndMinimum(block + 4, group)
      let scale = d * Float(scale6)
      let minimum = dmin * Float(minimum6)
      let bytes = 48 + group / 2 * 32
      let shift = UInt8(group % 2 * 4)
      for i in 0..<32 {
        let low = block.byte(bytes + i) >> shift & 15
        let high = block.byte(16 + i) >> UInt8(group) & 1
        values[group * 32 + i] = scale * Float(low | high << 4) - minimum
      }
    }
  }
}

extension TensorType {
  /// 5 bits per weight, 6-bit scales and minima per 32: 5.5 bits.
  public static let q5_k = TensorType(Q5_K.self)
}
