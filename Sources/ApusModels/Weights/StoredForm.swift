// How a Hugging Face checkpoint stores what is a tensor here: most as they are, a few otherwise. Both directions of
// each form stand side by side, so that reading undoes what writing does.

import ApusBasics

/// The way from a tensor of a checkpoint to the one the network uses.
package enum StoredForm: Hashable, Sendable {
  /// The same numbers in the same places.
  case same
  /// Each number less one (Gemma's norms); read as f32.
  case lessOne
  /// Rows as columns (GPT-2's products), `[inputs, outputs]`.
  case transposed
  /// Rows of a head with the first halves of all rotary pairs before the second (Llama's queries and keys); here the
  /// two of a pair follow each other.
  case halves(headSize: Int)

  /// The stored row of row `row` here, where rows change places.
  package func storedRow(_ row: Int) -> Int {
    guard case .halves(let size) = self else { return row }
    let (head, inner) = (row / size * size, row % size)
    return head + inner / 2 + (inner % 2) * (size / 2)
  }

  /// The row here of stored row `row`.
  package func row(ofStored row: Int) -> Int {
    guard case .halves(let size) = self else { return row }
    let (head, inner) = (row / size * size, row % size)
    return head + (inner < size / 2 ? 2 * inner : 2 * (inner - size / 2) + 1)
  }
}

extension StoredForm {
  /// Writes `rows × columns` elements of `size` bytes as `columns × rows`.
  ///
  /// - Complexity: O(bytes), in squares that fit the first cache.
  package static func transpose(
    _ source: UnsafeRawPointer, rows: Int, columns: Int, elementSize size: Int,
    into target: UnsafeMutableRawPointer
  ) {
    switch size {
    case 2: transpose(UInt16.self, source, rows, columns, target)
    case 4: transpose(UInt32.self, source, rows, columns, target)
    default: transpose(UInt64.self, source, rows, columns, target)
    }
  }

  private static func transpose<Element: FixedWidthInteger & BitwiseCopyable>(
    _ type: Element.Type, _ source: UnsafeRawPointer, _ rows: Int, _ columns: Int,
    _ target: UnsafeMutableRawPointer
  ) {
    let size = MemoryLayout<Element>.size
    // 32 × 32 numbers of four bytes twice are 8 KiB.
    let side = 32
    for firstRow in stride(from: 0, to: rows, by: side) {
      for firstColumn in stride(from: 0, to: columns, by: side) {
        for column in firstColumn..<min(firstColumn + side, columns) {
          for row in firstRow..<min(firstRow + side, rows) {
            // The source may lie at any address.
            let value = source.loadUnaligned(fromByteOffset: (row * columns + column) * size, as: type)
            target.storeBytes(of: value, toByteOffset: (column * rows + row) * size, as: type)
          }
        }
      }
    }
  }
}
