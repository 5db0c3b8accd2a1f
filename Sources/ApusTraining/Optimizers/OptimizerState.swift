// What an optimiser remembers of a tensor from step to step: described before it is allocated, and handed to
// checkpoints as named bytes. That is all there is: a step is otherwise a function of its number, rate and gradients.

import ApusFiles

/// A state to be allocated.
package struct StateShape: Equatable, Sendable {
  /// "m", "v", …
  package let name: String
  /// `.f32` or `.u8`.
  package let dtype: SafetensorsDType
  package let shape: [Int]

  package init(_ name: String, _ dtype: SafetensorsDType = .f32, _ shape: [Int]) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
  }

  var byteCount: Int { shape.reduce(1, *) * dtype.bits / 8 }
  /// What it takes in a row of states, each at a multiple of a cache line.
  var placedBytes: Int { (byteCount + 63) & ~63 }

  /// One float for each weight of `tensor`.
  static func perWeight(_ name: String, _ tensor: TrainableTensor, _ dtype: SafetensorsDType = .f32)
    -> StateShape
  {
    StateShape(name, dtype, tensor.rows == 1 ? [tensor.columns] : [tensor.rows, tensor.columns])
  }
}

/// A state in memory. Saving is copying `bytes` out, restoring is copying them in, between steps.
package struct OptimizerState {
  /// The name of the tensor it belongs to.
  package let tensor: String
  package let shape: StateShape
  package let bytes: UnsafeMutableRawBufferPointer
}
