// One file of a checkpoint on its way to the disk: a name, a size, and something that gives its bytes piece by piece, so
// that gigabytes of weights are written from where they lie.

import ApusFiles
import ApusRuntime

/// A file to be saved.
public struct CheckpointFile {
  /// Takes the next bytes of a file.
  public typealias Sink = (UnsafeRawBufferPointer) throws(FileError) -> Void

  /// Its name within the checkpoint's folder.
  public let name: String
  /// Its size.
  public let byteCount: Int
  let write: (Sink) throws(FileError) -> Void

  /// - Parameters:
  ///   - name: a plain name, without a slash; `manifest.json` is taken.
  ///   - write: calls its argument with exactly `byteCount` bytes, in pieces of any size; it may throw `FileError` itself.
  public init(_ name: String, byteCount: Int, write: @escaping (Sink) throws(FileError) -> Void) {
    precondition(CheckpointManifest.isPlain(name) && name != CheckpointManifest.fileName, "the name \(name)")
    self.name = name
    self.byteCount = byteCount
    self.write = write
  }

  /// A file from its bytes.
  public init(_ name: String, bytes: [UInt8]) {
    self.init(name, byteCount: bytes.count) { sink throws(FileError) in
      let result = bytes.withUnsafeBytes { buffer in Result { () throws(FileError) in try sink(buffer) } }
      try result.get()
    }
  }

  /// Tensors.
  public init(_ name: String, _ tensors: SafetensorsWriter) {
    self.init(name, byteCount: tensors.byteCount) { sink throws(FileError) in try tensors.write(sink) }
  }
}
