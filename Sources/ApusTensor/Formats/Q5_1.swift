// Q5_1: 32 weights of 5 bits, a scale and a minimum. Block: half d, half m, 32 high bits, 16 bytes of low
// nibbles as in Q4_0. w = d · q + m.

import CApusKernels

package enum Q5_1: EncodableFormat {
  package static let name = "Q5_1"
  package static let ggmlType: UInt32 = 7
  package static let blockSize = 32
  package static let blockBytes = 24
  package static var layout: apus_layout? { APUS_LAYOUT_Q5_1 }
  package static let fileType: UInt32 = 9

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(0)
    let m = block.half(2)
    let high = block.integer(4, as: UInt32.self)
    for i in 0..<16 {
      let pair = block.byte(8 + i)
      let first = UInt8(truncatingIfNeeded: high >> UInt32(i) & 1) << 4
      let second = UInt8(truncatingIfNeeded: high >> UInt32(i + 16) & 1) << 4
      values[i] = d * Float(pair & 15 | first) + m
      values[i + 16] = d * Float(pair >> 4 | second) + m
    }
  }

  /// The range of the block is cut into 31 steps; weights round half up.
  package static func encodeBlock(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    let (smallest, largest) = range(values)
    let d = (largest - smallest) / 31
    let inverse = inverse(d)
    block.put(half(d), at: 0)
    block.put(half(smallest), at: 2)
    var bits: UInt32 = 0
    for i in 0..<16 {
      let low = quantum((values[i] - smallest) * inverse + 0.5, top: 31)
      let high = quantum((values[i + 16] - smallest) * inverse + 0.5, top: 31)
      bits |= UInt32(low >> 4) << UInt32(i) | UInt32(high >> 4) << UInt32(i + 16)
      block.put(low & 15 | high << 4, at: 8 + i)
    }
    block.put(bits, at: 4)
  }
}

extension TensorType {
  /// 5 bits per weight, a scale and a minimum per 32: 6 bits.
  public static let q5_1 = TensorType(Q5_1.self)
}
