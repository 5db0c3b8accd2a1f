// A NumPy array file, format 1.0: a magic number, a header in Python's syntax padded to 64 bytes, the values.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import ApusRuntime

/// A float32 matrix written row by row; it appears under its name when it is complete.
struct NumPyFile: ~Copyable {
  private var file: AtomicFile
  private let columns: Int

  /// - Parameter rows: how many rows are expected, to reserve the disk; those written are what counts.
  init(_ path: String, rows: Int, columns: Int) throws {
    var file = try AtomicFile(path: path, replacing: true, expectedBytes: 128 + rows * columns * 4)
    try file.write(Self.header(rows: rows, columns: columns))
    self.file = file
    self.columns = columns
  }

  /// 128 bytes, whatever the number of rows.
  private static func header(rows: Int, columns: Int) -> [UInt8] {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
    let length = 128 - 10
    let padding = String(repeating: " ", count: length - 1 - text.utf8.count)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length), 0] + Array((text + padding + "\n").utf8)
  }

  /// Appends whole rows of little-endian floats.
  mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
    try file.write(bytes)
  }

  consuming func finish() throws {
    try file.rewrite(Self.header(rows: (file.byteCount - 128) / (4 * columns), columns: columns), at: 0)
    try file.commit()
  }
}
