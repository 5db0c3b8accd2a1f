// A matrix of floats in memory that somebody else owns, in either order.

/// `rows × columns` floats: element (r, c) lies at `base[r · rowStride + c · columnStride]`, and one stride is 1.
package struct FloatMatrix: @unchecked Sendable {
  package let base: UnsafePointer<Float>
  package let rows: Int
  package let columns: Int
  package let rowStride: Int
  package let columnStride: Int

  /// Rows one after another, `stride` floats apart (at least `columns`).
  package init(_ base: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
    self.base = base
    self.rows = rows
    self.columns = columns
    rowStride = stride ?? columns
    columnStride = 1
  }

  private init(_ base: UnsafePointer<Float>, rows: Int, columns: Int, rowStride: Int, columnStride: Int) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// The same memory with rows and columns exchanged.
  package var transposed: FloatMatrix {
    FloatMatrix(base, rows: columns, columns: rows, rowStride: columnStride, columnStride: rowStride)
  }
}
