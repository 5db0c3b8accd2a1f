// The table of kernels in force, as Swift calls it.

import ApusRuntime
import CApusKernels

/// The functions a CPU offers.
package typealias KernelTable = UnsafePointer<apus_cpu>

/// A kernel that rounds a row of floats to the form a product reads.
package typealias RoundingKernel =
  @convention(c) (UnsafePointer<Float>?, Int32, UnsafeMutableRawPointer?) -> Void

extension KernelTable {
  /// The product kernel of a layout for activations in its own form, or coarser ones; a table in force has one for each.
  package func product(_ layout: apus_layout, for form: ActivationForm) -> ProductKernel {
    form == ActivationForm(layout) ? gemm(layout)! : coarseGemm(layout)!
  }

  /// What makes rows of a form; nil for floats, which are read as they are.
  package func rounding(_ form: ActivationForm) -> RoundingKernel? {
    switch form {
    case .f32: nil
    case .bf16: pointee.round_bf16
    case .q32: pointee.quantize_q32
    case .q256: pointee.quantize_q256
    }
  }
}
