// The forms of stored tensors against their definitions.

import ApusModels
import ApusRuntime
import Testing

@Suite struct StoredFormTests {
  @Test("halves and pairs undo each other", arguments: [2, 16, 24, 128])
  func halves(_ headSize: Int) {
    let form = StoredForm.halves(headSize: headSize)
    for row in 0..<3 * headSize {
      #expect(form.row(ofStored: form.storedRow(row)) == row)
      #expect(form.storedRow(row) / headSize == row / headSize)
    }
    // The pair (0, 1) here is (0, half) there.
    #expect(form.storedRow(0) == 0 && form.storedRow(1) == headSize / 2)
    #expect(StoredForm.same.storedRow(5) == 5 && StoredForm.transposed.row(ofStored: 5) == 5)
  }

  @Test("transposing", arguments: [(1, 1), (3, 5), (32, 32), (33, 65), (7, 200)], [2, 4, 8])
  func transpose(_ shape: (Int, Int), _ size: Int) {
    let (rows, columns) = shape
    let source = (0..<rows * columns * size).map { UInt8(truncatingIfNeeded: $0 &* 37 + $0 >> 8) }
    var target = [UInt8](repeating: 0, count: source.count)
    // Off by one byte, as safetensors may lie.
    let shifted = [0] + source
    shifted.withUnsafeBytes { bytes in
      target.withUnsafeMutableBytes {
        StoredForm.transpose(
          bytes.baseAddress! + 1, rows: rows, columns: columns, elementSize: size, into: $0.baseAddress!)
      }
    }
    for row in 0..<rows {
      for column in 0..<columns {
        let from = (row * columns + column) * size
        let to = (column * rows + row) * size
        #expect(target[to..<to + size] == source[from..<from + size])
      }
    }
  }
}
