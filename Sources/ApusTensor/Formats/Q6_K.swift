// Q6_K: 256 weights of 6 bits in 16 groups of 16, each with a signed byte as scale. Block: 128 bytes of low
// nibbles, 64 bytes of high pairs, int8 scale[16], half d. w = (d · scale) · (q − 32).
// Each 128 weights are four runs of 32: their low nibbles are the low and then the high nibbles of 64 bytes,
// their high pairs the four pairs of 32 bytes.

import CApusKernels

package enum Q6_K: TensorFormat {
  package static let name = "Q6_K"
  package static let ggmlType: UInt32 = 14
  package static let blockSize = 256
  package static let blockBytes = 210
  package static var layout: apus_layout? { APUS_LAYOUT_Q6_K }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(208)
    for group in 0..<16 {
      let scale = d * Float(block.signedByte(192 + group))
      let run = group % 8 / 2
      let lane = group % 2 * 16
      let low = group / 8 * 64 + run % 2 * 32 + lane
      let lowShift = UInt8(run / 2 * 4)
      let high = 128 + group / 8 * 32 + lane
      let highShift = UInt8(run * 2)
      for i in 0..<16 {
        let q = block.byte(low + i) >> lowShift & 15 | (block.byte(high + i) >> highShift & 3) << 4
        values[group * 16 + i] = scale * Float(Int(q) - 32)
      }
    }
  }
}

extension TensorType {
  /// 6 bits per weight, 8-bit scales per 16: 6.6 bits.
  public static let q6_k = TensorType(Q6_K.self)
}
