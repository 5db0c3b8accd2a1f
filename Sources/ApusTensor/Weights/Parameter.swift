// A weight with its place in memory: what a graph's parameter is bound to.

import ApusRuntime
import CApusKernels

/// A loaded weight. Immutable once made.
package enum Parameter: @unchecked Sendable {
  /// For products.
  case matrix(PackedMatrix)
  /// For products, but still changing: panels are packed as they are needed.
  case floats(FloatWeights)
  /// For look-ups: rows of blocks where the file has them.
  case table(RowTable)
  /// Floats that element-wise operations read: norms, biases.
  case vector(FloatVector)
  /// Where the gradient of a weight is gathered.
  case gradient(GradientMemory)
}

/// A weight in training: floats that an optimiser changes between runs.
package struct FloatWeights {
  /// `[rows][columns]`
  package let base: UnsafeMutablePointer<Float>
  package let rows: Int
  package let columns: Int
  /// F32 or BF16: what the floats are rounded to in panels.
  package let layout: apus_layout

  package init(base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, layout: apus_layout) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.layout = layout
  }
}

/// The gradient of a weight: rows one after another, without padding.
package struct GradientMemory {
  package let base: UnsafeMutablePointer<Float>

  package init(base: UnsafeMutablePointer<Float>) {
    self.base = base
  }
}

/// A matrix whose rows are looked up and dequantised one at a time, in the file's own layout.
package struct RowTable {
  package let layout: apus_layout
  package let rows: Int
  package let columns: Int
  package let base: UnsafeRawPointer
  package let rowBytes: Int

  package init(layout: apus_layout, rows: Int, columns: Int, base: UnsafeRawPointer, rowBytes: Int) {
    self.layout = layout
    self.rows = rows
    self.columns = columns
    self.base = base
    self.rowBytes = rowBytes
  }

  /// Writes row `index` as floats.
  ///
  /// - Complexity: O(`columns`).
  package func copyRow(_ index: Int, to floats: UnsafeMutablePointer<Float>) {
    apus_dequantize_row(layout, base + index * rowBytes, columns, floats)
  }
}

/// Floats in memory of their own, 64-byte aligned.
package final class FloatVector: @unchecked Sendable {
  package let count: Int
  package let base: UnsafeMutablePointer<Float>
  private let isOwned: Bool

  /// A vector whose contents `fill` writes.
  package init(count: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
    self.count = count
    isOwned = true
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(64, count * 4), alignment: 64)
    base = raw.bindMemory(to: Float.self, capacity: max(16, count))
    fill(UnsafeMutableBufferPointer(start: base, count: count))
  }

  /// Floats that somebody else owns and may change between runs.
  package init(borrowing base: UnsafeMutablePointer<Float>, count: Int) {
    self.count = count
    self.base = base
    isOwned = false
  }

  deinit {
    if isOwned { base.deallocate() }
  }
}
