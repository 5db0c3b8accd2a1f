// The checksum: known values of RFC 3720, and the instruction against the tables.

import Testing

@testable import ApusBasics

struct CRC32CTests {
  @Test(
    arguments: [
      ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
      ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
      (Array(0..<32), 0x46DD_794E), (Array("123456789".utf8), 0xE306_9283), ([], 0),
    ] as [([UInt8], UInt32)])
  func knownValues(_ bytes: [UInt8], _ expected: UInt32) {
    #expect(CRC32C.of(bytes) == expected)
    var tables = CRC32C()
    bytes.withUnsafeBytes { tables.updateByTables($0) }
    #expect(tables.value == expected)
  }

  /// Any length at any alignment, in two pieces.
  @Test func piecesAndAlignments() {
    let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
    bytes.withUnsafeBytes { buffer in
      for start in 0..<9 {
        for end in start..<buffer.count {
          let middle = (start + end) / 2
          var (pieces, tables) = (CRC32C(), CRC32C())
          pieces.update(UnsafeRawBufferPointer(rebasing: buffer[start..<middle]))
          pieces.update(UnsafeRawBufferPointer(rebasing: buffer[middle..<end]))
          tables.updateByTables(UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
          if pieces.value != tables.value { Issue.record("bytes \(start)..<\(end)") }
        }
      }
    }
  }
}
