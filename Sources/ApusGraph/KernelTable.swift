// Small conveniences between the graph's operations and the C kernels.

import ApusTensor
import CApusKernels

typealias apus_gemm_fn_pointer = @convention(c) (UnsafePointer<apus_gemm>?) -> Void
typealias apus_attention_fn_pointer = @convention(c) (UnsafePointer<apus_attention>?) -> Void

extension KernelTable {
  /// The product kernel of a layout.
  func gemm(_ layout: apus_layout) -> apus_gemm_fn_pointer {
    withUnsafeBytes(of: pointee.gemm) { table in
      table.assumingMemoryBound(to: apus_gemm_fn_pointer.self)[Int(layout.rawValue)]
    }
  }
}

extension Operand {
  /// The floats of a vector parameter.
  var vector: FloatVector {
    guard case .vector(let vector) = parameter else {
      preconditionFailure("the operand is not a vector parameter")
    }
    return vector
  }
}
