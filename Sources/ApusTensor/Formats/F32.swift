// F32: one IEEE binary32 number per weight.

import CApusKernels

package enum F32: EncodableFormat {
  package static let name = "F32"
  package static let ggmlType: UInt32 = 0
  package static let blockSize = 1
  package static let blockBytes = 4
  package static var layout: apus_layout? { APUS_LAYOUT_F32 }
  package static let fileType: UInt32 = 0

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    values[0] = Float(bitPattern: block.integer(0, as: UInt32.self))
  }

  package static func encodeBlock(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    block.put(values[0].bitPattern, at: 0)
  }
}

extension TensorType {
  /// One IEEE binary32 number per weight.
  public static let f32 = TensorType(F32.self)
}
