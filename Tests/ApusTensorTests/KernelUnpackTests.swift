// Panels turned back into floats, against the rows of blocks they were packed from: every layout, every table, to the bit.

import ApusRuntime
import CApusKernels
import Testing

@testable import ApusTensor

@Suite struct KernelUnpackTests {
  @Test("a panel turned is its rows dequantised", arguments: 0..<Int(APUS_LAYOUT_COUNT.rawValue))
  func unpack(_ number: Int) {
    let layout = apus_layout(rawValue: UInt32(number))
    let block = apus_layout_block(layout)
    let isFloat = block == 1
    for (rows, columns, first, count) in [
      (16, 1024, 0, 1024), (5, 768, 256, 512), (16, 512, 32, 64), (1, 768, 752, 16),
    ] + (isFloat ? [(16, 37, 0, 37), (3, 21, 16, 5)] : []) {
      let rowBytes = apus_row_bytes(layout, columns)
      let random = Philox(key: UInt64(number * 100 + rows))
      // Any bytes are blocks, some of them with scales that are not numbers.
      let blocks = (0..<rows * rowBytes).map { UInt8(truncatingIfNeeded: random.block(UInt64($0))[0]) }
      let panel = UnsafeMutableRawPointer.allocate(
        byteCount: apus_panel_bytes(layout, columns), alignment: 64)
      defer { panel.deallocate() }
      apus_pack_panel(layout, blocks, rowBytes, Int32(rows), columns, panel)
      var expected = [Float](repeating: 0, count: rows * columns)
      expected.withUnsafeMutableBufferPointer { floats in
        blocks.withUnsafeBytes { bytes in
          for row in 0..<rows {
            apus_dequantize_row(
              layout, bytes.baseAddress! + row * rowBytes, columns, floats.baseAddress! + row * columns)
          }
        }
      }
      let stride = 16 * rows + 32
      for table in [Table.portable] + Table.others {
        var turned = [Float](repeating: 7, count: (count + 15) / 16 * stride)
        table.cpu.pointee.unpack_transposed(layout, panel, first, Int32(count), Int32(rows), &turned, stride)
        let wrong = (0..<rows * count).first { index in
          let (row, column) = (index / count, index % count)
          let own = turned[column / 16 * stride + 16 * row + column % 16]
          let value = expected[row * columns + first + column]
          return own.bitPattern != value.bitPattern && !(own.isNaN && value.isNaN)
        }
        #expect(
          wrong == nil,
          "\(table.name), layout \(number), \(rows) × \(columns): element \(wrong ?? 0)"
        )
        // Nothing but the rows is written.
        #expect(turned[16 * rows] == 7)
      }
    }
  }
}
