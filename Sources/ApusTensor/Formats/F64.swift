// F64: one IEEE binary64 number per weight. Read, rounded to float; never multiplied with.

import CApusKernels

package enum F64: TensorFormat {
  package static let name = "F64"
  package static let ggmlType: UInt32 = 28
  package static let blockSize = 1
  package static let blockBytes = 8
  package static var layout: apus_layout? { nil }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    values[0] = Float(Double(bitPattern: block.integer(0, as: UInt64.self)))
  }
}

extension TensorType {
  /// One IEEE binary64 number per weight.
  public static let f64 = TensorType(F64.self)
}
