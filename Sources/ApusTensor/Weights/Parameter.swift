// A weight with its place in memory: what a graph's parameter is bound to.

import ApusRuntime
import CApusKernels

/// A loaded weight. Immutable once made.
package enum Parameter: @unchecked Sendable {
  /// For products.
  case matrix(PackedMatrix)
  /// For look-ups: rows of blocks where the file has them.
  case table(RowTable)
  /// Floats that element-wise operations read: norms, biases.
  case vector(FloatVector)
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

  /// A vector whose contents `fill` writes.
  package init(count: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(64, count * 4), alignment: 64)
    base = raw.bindMemory(to: Float.self, capacity: max(16, count))
    fill(UnsafeMutableBufferPointer(start: base, count: count))
  }

  deinit {
    base.deallocate()
  }
}
