// Q5_0: 32 weights of 5 bits and one scale. Block: half d, 32 high bits (bit i for weight i), 16 bytes of low
// nibbles as in Q4_0. w = d · (q − 16).

import CApusKernels

package enum Q5_0: EncodableFormat {
  package static let name = "Q5_0"
  package static let ggmlType: UInt32 = 6
  package static let blockSize = 32
  package static let blockBytes = 22
  package static var layout: apus_layout? { APUS_LAYOUT_Q5_0 }
  package static let fileType: UInt32 = 8

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(0)
    let high = block.integer(2, as: UInt32.self)
    for i in 0..<16 {
      let pair = block.byte(6 + i)
      let first = UInt8(truncatingIfNeeded: high >> UInt32(i) & 1) << 4
      let second = UInt8(truncatingIfNeeded: high >> UInt32(i + 16) & 1) << 4
      values[i] = d * Float(Int(pair & 15 | first) - 16)
      values[i + 16] = d * Float(Int(pair >> 4 | second) - 16)
    }
  }

  /// The weight of largest magnitude becomes −16 exactly; the rest round half up.
  package static func encodeBlock(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    let d = extreme(values) / -16
    let inverse = inverse(d)
    block.put(half(d), at: 0)
    var bits: UInt32 = 0
    for i in 0..<16 {
      let low = quantum(values[i] * inverse + 16.5, top: 31)
      let high = quantum(values[i + 16] * inverse + 16.5, top: 31)
      bits |= UInt32(low >> 4) << UInt32(i) | UInt32(high >> 4) << UInt32(i + 16)
      block.put(low & 15 | high << 4, at: 6 + i)
    }
    block.put(bits, at: 2)
  }
}

extension TensorType {
  /// 5 bits per weight, a scale per 32: 5.5 bits.
  public static let q5_0 = TensorType(Q5_0.self)
}
