// Q8_K: 256 weights as bytes and one float scale, the form activations take beside K-quants in other engines.
// Block: float d, int8 q[256], int16 sums of 16. w = q · d. Read; never multiplied with.

import CApusKernels

package enum Q8_K: TensorFormat {
  package static let name = "Q8_K"
  package static let ggmlType: UInt32 = 15
  package static let blockSize = 256
  package static let blockBytes = 292
  package static var layout: apus_layout? { nil }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    let d = Float(bitPattern: block.integer(0, as: UInt32.self))
    for i in 0..<256 { values[i] = Float(block.signedByte(4 + i)) * d }
  }
}

extension TensorType {
  /// 8 bits per weight, a float scale and sums per 256.
  public static let q8_k = TensorType(Q8_K.self)
}
