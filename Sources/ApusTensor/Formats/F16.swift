// F16: one IEEE binary16 number per weight.

import CApusKernels

package enum F16: EncodableFormat {
  package static let name = "F16"
  package static let ggmlType: UInt32 = 1
  package static let blockSize = 1
  package static let blockBytes = 2
  package static var layout: apus_layout? { APUS_LAYOUT_F16 }
  package static let fileType: UInt32 = 1

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    values[0] = block.half(0)
  }

  package static func encodeBlock(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    block.put(half(values[0]), at: 0)
  }
}

extension TensorType {
  /// One IEEE binary16 number per weight.
  public static let f16 = TensorType(F16.self)
}
