// BF16: the upper 16 bits of a float per weight.

import CApusKernels

package enum BF16: EncodableFormat {
  package static let name = "BF16"
  package static let ggmlType: UInt32 = 30
  package static let blockSize = 1
  package static let blockBytes = 2
  package static var layout: apus_layout? { APUS_LAYOUT_BF16 }
  package static let fileType: UInt32 = 32

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    values[0] = float(bfloat: block.integer(0, as: UInt16.self))
  }

  package static func encodeBlock(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    block.put(bfloat(values[0]), at: 0)
  }
}

extension TensorType {
  /// The upper 16 bits of a float per weight.
  public static let bf16 = TensorType(BF16.self)
}
