// The table of kernels in force, as Swift calls it.

import ApusRuntime
import CApusKernels

/// The functions a CPU offers.
package typealias KernelTable = UnsafePointer<apus_cpu>

/// A product kernel.
package typealias ProductKernel = @convention(c) (UnsafePointer<apus_gemm>?) -> Void

extension KernelTable {
  /// The product kernel of a layout; a table in force has one for each.
  package func product(_ layout: apus_layout) -> ProductKernel { gemm(layout)! }

  /// The product kernel of a layout with blocks of 32 for activations with one scale per 256 values.
  package func coarseProduct(_ layout: apus_layout) -> ProductKernel {
    withUnsafeBytes(of: pointee.gemm_coarse) { table in
      table.assumingMemoryBound(to: Optional<ProductKernel>.self)[Int(layout.rawValue)]!
    }
  }
}
