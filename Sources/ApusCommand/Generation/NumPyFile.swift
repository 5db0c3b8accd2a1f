// A NumPy array file, format 1.0: a magic number, a header in Python's syntax padded to 64 bytes, the values.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import ApusRuntime

/// A float32 matrix written row by row; it appears under its name when it is complete.
struct NumPyFile: ~Copyable {
  private var file: AtomicFile

  init(_ path: String, rows: Int, columns: Int) throws {
    var file = try AtomicFile(path: path, replacing: true, expectedBytes: 128 + rows * columns * 4)
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
    let preamble = 10
    let padding = 63 - (preamble + header.utf8.count) % 64
    header += String(repeating: " ", count: padding) + "\n"
    let length = UInt16(header.utf8.count)
    try file.write([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)])
    try file.write(Array(header.utf8))
    self.file = file
  }

  /// Appends whole rows of little-endian floats.
  mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
    try file.write(bytes)
  }

  consuming func finish() throws {
    try file.commit()
  }
}
