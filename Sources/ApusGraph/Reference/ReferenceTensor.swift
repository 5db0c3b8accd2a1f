// A matrix of a reference's numbers: dense, row after row. Indices are numbers, too, so that there is one kind of value.

/// What a value of the graph holds in a reference run: `rows` rows of `columns` numbers.
package struct ReferenceTensor<Scalar: ReferenceScalar>: Sendable {
  package let rows: Int
  package let columns: Int
  package var values: [Scalar]

  /// Zeros.
  package init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    values = Array(repeating: 0, count: rows * columns)
  }

  /// A number for each place.
  package init(rows: Int, columns: Int, _ value: (_ row: Int, _ column: Int) -> Scalar) {
    self.rows = rows
    self.columns = columns
    values = []
    values.reserveCapacity(rows * columns)
    for row in 0..<rows {
      for column in 0..<columns { values.append(value(row, column)) }
    }
  }

  /// A column of indices.
  package init(indices: [Int]) {
    self.init(rows: indices.count, columns: 1) { row, _ in Scalar(indices[row]) }
  }

  package subscript(row: Int, column: Int) -> Scalar {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// A row, indexed from 0.
  package subscript(row row: Int) -> [Scalar] {
    get { Array(values[row * columns..<(row + 1) * columns]) }
    set { values.replaceSubrange(row * columns..<(row + 1) * columns, with: newValue) }
  }

  /// The index a row holds.
  package func index(_ row: Int) -> Int { self[row, 0].index }

  /// The numbers as they are, changed one by one.
  package func map(_ transform: (Scalar) -> Scalar) -> ReferenceTensor {
    ReferenceTensor(rows: rows, columns: columns) { transform(self[$0, $1]) }
  }

  /// Each row, changed by itself.
  package func mapRows(_ transform: ([Scalar]) -> [Scalar]) -> ReferenceTensor {
    var result = self
    for row in 0..<rows { result[row: row] = transform(self[row: row]) }
    return result
  }
}
