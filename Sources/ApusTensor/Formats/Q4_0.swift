// Q4_0: 32 weights as nibbles and one scale. Block: half d, 16 bytes whose low nibbles are weights 0 … 15 and
// high nibbles 16 … 31. w = d · (q − 8).

import CApusKernels

package enum Q4_0: EncodableFormat {
  package static let name = "Q4_0"
  package static let ggmlType: UInt32 = 2
  package static let blockSize = 32
  package static let blockBytes = 18
  package static var layout: apus_layout? { APUS_LAYOUT_Q4_0 }
  package static let fileType: UInt32 = 2

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(0)
    for i in 0..<16 {
      let pair = block.byte(2 + i)
      values[i] = d * Float(Int(pair & 15) - 8)
      values[i + 16] = d * Float(Int(pair >> 4) - 8)
    }
  }

  /// The weight of largest magnitude becomes −8 exactly; the rest round half up.
  package static func encodeBlock(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    let d = extreme(values) / -8
    let inverse = inverse(d)
    block.put(half(d), at: 0)
    for i in 0..<16 {
      let low = quantum(values[i] * inverse + 8.5, top: 15)
      let high = quantum(values[i + 16] * inverse + 8.5, top: 15)
      block.put(low | high << 4, at: 2 + i)
    }
  }
}

/// The value of largest magnitude among 32, with its sign; the first of equals.
@inline(__always)
func extreme(_ values: UnsafePointer<Float>) -> Float {
  var result = values[0]
  for i in 1..<32 where abs(values[i]) > abs(result) { result = values[i] }
  return result
}

extension TensorType {
  /// 4 bits per weight, a scale per 32: 4.5 bits.
  public static let q4_0 = TensorType(Q4_0.self)
}
