// The element types of the safetensors format, by their names in a header. Which of them Apus computes with is
// said by `type`; the others are here so that a file that holds one can still be opened for the rest.

import ApusTensor

/// How the numbers of a tensor of a safetensors file are stored.
public enum SafetensorsDType: String, Sendable, CaseIterable, CustomStringConvertible {
  case bool = "BOOL"
  case u8 = "U8"
  case i8 = "I8"
  case u16 = "U16"
  case i16 = "I16"
  case u32 = "U32"
  case i32 = "I32"
  case u64 = "U64"
  case i64 = "I64"
  case f4 = "F4"
  case f6E2M3 = "F6_E2M3"
  case f6E3M2 = "F6_E3M2"
  case f8E5M2 = "F8_E5M2"
  case f8E4M3 = "F8_E4M3"
  case f8E8M0 = "F8_E8M0"
  case f8E4M3FNUZ = "F8_E4M3FNUZ"
  case f8E5M2FNUZ = "F8_E5M2FNUZ"
  case f16 = "F16"
  case bf16 = "BF16"
  case f32 = "F32"
  case f64 = "F64"
  case c64 = "C64"

  /// The name a header has for tensors of `type`, or `nil` when the format cannot hold them.
  public init?(_ type: TensorType) {
    guard let found = SafetensorsDType.allCases.first(where: { $0.type == type }) else { return nil }
    self = found
  }

  /// Bits of one number.
  public var bits: Int {
    switch self {
    case .f4: 4
    case .f6E2M3, .f6E3M2: 6
    case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
    case .u16, .i16, .f16, .bf16: 16
    case .u32, .i32, .f32: 32
    case .u64, .i64, .f64, .c64: 64
    }
  }

  /// The type Apus reads the numbers as, or `nil` for one it does not compute with.
  public var type: TensorType? {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .f64: .f64
    case .i8: .i8
    case .i16: .i16
    case .i32: .i32
    case .i64: .i64
    case .bool, .u8, .u16, .u32, .u64, .c64: nil
    case .f4, .f6E2M3, .f6E3M2, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: nil
    }
  }

  /// The name in a header, such as `BF16`.
  public var description: String { rawValue }
}
