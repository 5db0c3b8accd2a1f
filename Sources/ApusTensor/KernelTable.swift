// The table of kernels in force, as Swift calls it.

import CApusKernels

/// The functions a CPU offers.
package typealias KernelTable = UnsafePointer<apus_cpu>

/// A product kernel.
package typealias ProductKernel = @convention(c) (UnsafePointer<apus_gemm>?) -> Void

extension KernelTable {
  /// The product kernel of a layout.
  package func gemm(_ layout: apus_layout) -> ProductKernel {
    withUnsafeBytes(of: pointee.gemm) { table in
      table.assumingMemoryBound(to: ProductKernel.self)[Int(layout.rawValue)]
    }
  }
}
