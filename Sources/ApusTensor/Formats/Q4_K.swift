// Q4_K: 256 weights of 4 bits in 8 groups of 32, each with a 6-bit scale and minimum. Block: half d, half dmin,
// 12 bytes of scales and minima, 128 bytes of nibbles (each 32 bytes: a group in the low, the next in the high
// nibbles). w = (d · scale) · q − dmin · minimum.

import CApusKernels

package enum Q4_K: TensorFormat {
  package static let name = "Q4_K"
  package static let ggmlType: UInt32 = 12
  package static let blockSize = 256
  package static let blockBytes = 144
  package static var layout: apus_layout? { APUS_LAYOUT_Q4_K }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(0)
    let dmin = block.half(2)
    for group in 0..<8 {
      let (scale6, minimum6) = scaleAndMinimum(block + 4, group)
      let scale = d * Float(scale6)
      let minimum = dmin * Float(minimum6)
      let bytes = 16 + group / 2 * 32
      let shift = UInt8(group % 2 * 4)
      for i in 0..<32 {
        values[group * 32 + i] = scale * Float(block.byte(bytes + i) >> shift & 15) - minimum
      }
    }
  }

  /// The 6-bit scale and minimum of a group from the 12 packed bytes that Q4_K and Q5_K share.
  ///
  /// Bytes 0 … 3 and 4 … 7 hold the scales and minima of groups 0 … 3 in their low 6 bits; bytes 8 … 11 hold
  /// the low nibbles (scale, minimum) of groups 4 … 7, whose upper pairs are the top bits of the first eight.
  @inline(__always)
  static func scaleAndMinimum(_ packed: UnsafeRawPointer, _ group: Int) -> (UInt8, UInt8) {
    if group < 4 {
      return (packed.byte(group) & 63, packed.byte(group + 4) & 63)
    }
    let nibbles = packed.byte(group + 4)
    return (nibbles & 15 | packed.byte(group - 4) >> 2 & 0x30, nibbles >> 4 | packed.byte(group) >> 2 & 0x30)
  }
}

extension TensorType {
  /// 4 bits per weight, 6-bit scales and minima per 32: 4.5 bits.
  public static let q4_k = TensorType(Q4_K.self)
}
