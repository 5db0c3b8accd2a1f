// Q2_K: 256 weights of 2 bits in 16 groups of 16, each with a 4-bit scale and minimum. Block: 16 bytes of
// (scale | minimum << 4), 64 bytes of weights, half d, half dmin. w = (d · scale) · q − dmin · minimum.
// Each 128 weights share 32 bytes: bits 0–1 are weights 0 … 31, bits 2–3 the next 32, and so on.

import CApusKernels

package enum Q2_K: TensorFormat {
  package static let name = "Q2_K"
  package static let ggmlType: UInt32 = 10
  package static let blockSize = 256
  package static let blockBytes = 84
  package static var layout: apus_layout? { APUS_LAYOUT_Q2_K }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(80)
    let dmin = block.half(82)
    for group in 0..<16 {
      let packed = block.byte(group)
      let scale = d * Float(packed & 15)
      let minimum = dmin * Float(packed >> 4)
      let bytes = 16 + group / 8 * 32 + group % 2 * 16
      let shift = UInt8(group % 8 / 2 * 2)
      for i in 0..<16 {
        values[group * 16 + i] = scale * Float(block.byte(bytes + i) >> shift & 3) - minimum
      }
    }
  }
}

extension TensorType {
  /// 2 bits per weight, 4-bit scales and minima per 16: 2.6 bits.
  public static let q2_k = TensorType(Q2_K.self)
}
