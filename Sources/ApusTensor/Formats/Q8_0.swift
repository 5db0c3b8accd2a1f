// Q8_0: 32 weights as bytes and one scale. Block: half d, int8 q[32]. w = q · d.

import CApusKernels

package enum Q8_0: EncodableFormat {
  package static let name = "Q8_0"
  package static let ggmlType: UInt32 = 8
  package static let blockSize = 32
  package static let blockBytes = 34
  package static var layout: apus_layout? { APUS_LAYOUT_Q8_0 }
  package static let fileType: UInt32 = 7

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = block.half(0)
    for i in 0..<32 { values[i] = Float(block.signedByte(2 + i)) * d }
  }

  /// d = max|w| / 127, q = w / d rounded half away from zero.
  package static func encodeBlock(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    var largest: Float = 0
    for i in 0..<32 { largest = max(largest, abs(values[i])) }
    let d = largest / 127
    let inverse = inverse(d)
    block.put(half(d), at: 0)
    for i in 0..<32 {
      let scaled = values[i] * inverse
      let magnitude = abs(scaled)
      let floor = quantum(magnitude, top: 127)
      let q = Int8(floor) + (magnitude - Float(floor) >= 0.5 && floor < 127 ? 1 : 0)
      block.put(magnitude.isFinite ? (scaled < 0 ? -q : q) : 0, at: 2 + i)
    }
  }
}

extension TensorType {
  /// 8 bits per weight, a scale per 32: 8.5 bits.
  public static let q8_0 = TensorType(Q8_0.self)
}
