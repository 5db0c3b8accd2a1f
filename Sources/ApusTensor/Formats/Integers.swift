// I8, I16, I32, I64: plain integers, for tables such as permutations. Read, rounded to float where a number is
// too long for it; never multiplied with.

import CApusKernels

/// What the four integer formats share: a block is one little-endian integer.
package protocol IntegerFormat: TensorFormat {
  associatedtype Integer: FixedWidthInteger & BitwiseCopyable
}

extension IntegerFormat {
  package static var blockSize: Int { 1 }
  package static var blockBytes: Int { MemoryLayout<Integer>.size }
  package static var layout: apus_layout? { nil }

  package static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
    values[0] = Float(block.integer(0, as: Integer.self))
  }
}

package enum I8: IntegerFormat {
  package typealias Integer = Int8
  package static let name = "I8"
  package static let ggmlType: UInt32 = 24
}

package enum I16: IntegerFormat {
  package typealias Integer = Int16
  package static let name = "I16"
  package static let ggmlType: UInt32 = 25
}

package enum I32: IntegerFormat {
  package typealias Integer = Int32
  package static let name = "I32"
  package static let ggmlType: UInt32 = 26
}

package enum I64: IntegerFormat {
  package typealias Integer = Int64
  package static let name = "I64"
  package static let ggmlType: UInt32 = 27
}

extension TensorType {
  /// Signed integers of 8 bits.
  public static let i8 = TensorType(I8.self)
  /// Signed integers of 16 bits.
  public static let i16 = TensorType(I16.self)
  /// Signed integers of 32 bits.
  public static let i32 = TensorType(I32.self)
  /// Signed integers of 64 bits.
  public static let i64 = TensorType(I64.self)
}
