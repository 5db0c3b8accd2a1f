// Writing a GGUF file of any size through little memory: the header first, then the tensors' data in order, in
// pieces. The name appears only when everything is there.

import ApusRuntime

/// A GGUF file being written.
///
///     var writer = try GGUFWriter(path: "out.gguf", header: header, replacing: false)
///     try writer.append(bytes)  // the first tensor's, then the second's …
///     try writer.finish()
///
/// Without `finish` nothing is left behind.
public struct GGUFWriter: ~Copyable {
  private let header: GGUFHeader
  private var file: AtomicFile
  /// The tensor being written and how many of its bytes are still to come.
  private var index = 0
  private var missing: Int

  /// Creates the file and writes the header.
  ///
  /// - Parameter replacing: whether an existing file may be replaced.
  /// - Throws: `FileError`; a disk too full for the whole file shows here.
  public init(path: String, header: GGUFHeader, replacing: Bool) throws(FileError) {
    let bytes = header.encoded()
    var file = try AtomicFile(
      path: path, replacing: replacing, expectedBytes: bytes.count + header.dataBytes)
    try file.write(bytes)
    self.file = file
    self.header = header
    missing = header.tensors.first?.byteCount ?? 0
  }

  /// Appends bytes of the current tensor; the next call after its last byte begins the next tensor. One call
  /// stays within one tensor.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    guard bytes.count > 0 else { return }
    precondition(index < header.tensors.count && bytes.count <= missing, "more bytes than the tensor has")
    try file.write(bytes)
    missing -= bytes.count
    guard missing == 0 else { return }
    let size = header.tensors[index].byteCount
    try file.write([UInt8](repeating: 0, count: header.padded(size) - size))
    index += 1
    missing = index < header.tensors.count ? header.tensors[index].byteCount : 0
  }

  /// Makes the file appear under its name, complete and on the disk.
  public consuming func finish() throws(FileError) {
    precondition(index == header.tensors.count, "\(header.tensors.count - index) tensors have no data")
    try file.commit()
  }
}
