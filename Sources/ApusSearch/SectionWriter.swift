// A section of an index file as it is written: in pieces, with its checksum.

import ApusBasics
import ApusRuntime

/// Writes one section. What is appended gathers until a piece is worth a call of the system.
struct SectionWriter {
  private var section: IndexHeader.Section
  private var sum = CRC32C()
  private var pending: [UInt8] = []

  private static let pieceBytes = 1 << 18

  /// A section that begins where the file ends.
  init(_ file: borrowing AtomicFile) {
    section = IndexHeader.Section(offset: file.byteCount)
    pending.reserveCapacity(2 * Self.pieceBytes)
  }

  /// Appends what `body` appends to an array.
  mutating func append(to file: inout AtomicFile, _ body: (inout [UInt8]) -> Void) throws(FileError) {
    body(&pending)
    if pending.count >= Self.pieceBytes { try flush(&file) }
  }

  /// Appends bytes at once.
  mutating func write(_ bytes: UnsafeRawBufferPointer, to file: inout AtomicFile) throws(FileError) {
    try flush(&file)
    sum.update(bytes)
    try file.write(bytes)
    section.size += bytes.count
  }

  /// Ends the section, and the file at a page: there the next one starts.
  consuming func finish(_ file: inout AtomicFile) throws(FileError) -> IndexHeader.Section {
    try flush(&file)
    let rest = file.byteCount % IndexHeader.pageBytes
    if rest > 0 { try file.write([UInt8](repeating: 0, count: IndexHeader.pageBytes - rest)) }
    section.checksum = sum.value
    return section
  }

  private mutating func flush(_ file: inout AtomicFile) throws(FileError) {
    pending.withUnsafeBytes { sum.update($0) }
    try file.write(pending)
    section.size += pending.count
    pending.removeAll(keepingCapacity: true)
  }
}
