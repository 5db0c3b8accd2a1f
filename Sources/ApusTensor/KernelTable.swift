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
}
