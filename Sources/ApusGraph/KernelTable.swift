// Small conveniences between the graph's operations and the C kernels.

import ApusTensor
import CApusKernels

extension Operand {
  /// The floats of a vector parameter.
  var vector: FloatVector {
    guard case .vector(let vector) = parameter else {
      preconditionFailure("the operand is not a vector parameter")
    }
    return vector
  }
}
