// Q4_1: 32 weights as nibbles, a scale and a minimum. Block: half d, half m, 16 bytes of nibbles as in Q4_0.
// w = d · q + m.

import CApusKernels

package enum Q4_1: EncodableFormat {
  package static let name = "Q4_1"
  package static let ggmlType: UInt32 = 3
  package static let blockSize = 32
  package static let blockBytes = 20
  package static var layout: apus_layout? { APUS_LAYOUT_Q4_1 }
  package static let fileType: UInt32 = 3

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(0)
    let m = block.half(2)
    for i in 0..<16 {
      let pair = block.byte(4 + i)
      values[i] = d * Float(pair & 15) + m
      values[i + 16] = d * Float(pair >> 4) + m
    }
  }

  /// The range of the block is cut into 15 steps; weights round half up.
  package static func encodeBlock(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    let (smallest, largest) = range(values)
    let d = (largest - smallest) / 15
    let inverse = inverse(d)
    block.put(half(d), at: 0)
    block.put(half(smallest), at: 2)
    for i in 0..<16 {
      let low = quantum((values[i] - smallest) * inverse + 0.5, top: 15)
      let high = quantum((values[i + 16] - smallest) * inverse + 0.5, top: 15)
      block.put(low | high << 4, at: 4 + i)
    }
  }
}

/// The smallest and the largest of 32 values.
@inline(__always)
func range(_ values: UnsafePointer<Float>) -> (smallest: Float, largest: Float) {
  var smallest = values[0]
  var largest = values[0]
  for i in 1..<32 {
    if values[i] < smallest { smallest = values[i] }
    if values[i] > largest { largest = values[i] }
  }
  return (smallest, largest)
}

extension TensorType {
  /// 4 bits per weight, a scale and a minimum per 32: 5 bits.
  public static let q4_1 = TensorType(Q4_1.self)
}
