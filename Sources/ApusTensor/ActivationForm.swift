// How a row of activations is stored for a product with weights: the weight's format decides.

import CApusKernels

/// The form of a row of activations that a lane layout multiplies with.
package enum ActivationForm: Hashable, Sendable {
  /// 32-bit floats, unchanged.
  case f32
  /// bfloat16, rounded to nearest even.
  case bf16
  /// Signed bytes with one scale per 32 values.
  case q32
  /// Signed bytes with one scale per 256 values.
  case q256

  package init(_ layout: apus_layout) {
    switch apus_layout_activation(layout) {
    case APUS_X_BF16: self = .bf16
    case APUS_X_Q32: self = .q32
    case APUS_X_Q256: self = .q256
    default: self = .f32
    }
  }

  package var name: String {
    switch self {
    case .f32: "f32"
    case .bf16: "bf16"
    case .q32: "q32"
    case .q256: "q256"
    }
  }

  private var form: apus_activation {
    switch self {
    case .f32: APUS_X_F32
    case .bf16: APUS_X_BF16
    case .q32: APUS_X_Q32
    case .q256: APUS_X_Q256
    }
  }

  /// Bytes of one row of `columns` values, a multiple of 64.
  package func rowBytes(_ columns: Int) -> Int {
    apus_activation_bytes(form, columns)
  }
}
