// An adapter on a disk, in either layout: where it is found out which one it is.

import ApusFiles
import ApusRuntime

/// An adapter to be loaded beside a model.
public struct AdapterFile: Sendable, Equatable {
  /// A GGUF file, a folder in PEFT's layout, or the `adapter_model.safetensors` in one.
  public var path: String
  /// What the adapter's change is multiplied by: 1 as it was trained, 0 for none.
  public var scale: Double

  /// An adapter at `path`.
  public init(_ path: String, scale: Double = 1) {
    (self.path, self.scale) = (path, scale)
  }
}

extension LowRankAdapter {
  /// Reads an adapter in either layout and makes sure that it is one for `network`.
  ///
  /// - Throws: `AdapterError`, `GGUFError`, `SafetensorsError`, `HuggingFaceError`.
  /// - Complexity: O(bytes of the adapter).
  package init(_ path: String, for network: Network) throws {
    let targets = try network.productTargets()
    let adapter: LowRankAdapter
    if path.hasSuffix(".safetensors") || FileKind(path) == .folder {
      var folder = path
      if path.hasSuffix(".safetensors") {
        folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
      }
      adapter = try PEFTAdapter(network, name: path).read(folder, targets)
    } else {
      adapter = try GGUFAdapter.read(path, network, targets)
    }
    try adapter.check(targets, model: network.source.name)
    self = adapter
  }

  /// The files of a folder in PEFT's layout; numbers are read when they are written.
  ///
  /// - Throws: `AdapterError`.
  package func folderFiles(
    for network: Network, base: String? = nil
  ) throws(AdapterError) -> [ExportedFile] {
    try PEFTAdapter(network, name: name).files(self, base: base)
  }

  /// Writes a folder in PEFT's layout.
  ///
  /// - Throws: `AdapterError`.
  package func writeFolder(
    _ path: String, for network: Network, base: String? = nil, replacing: Bool
  ) throws(AdapterError) {
    let files = try folderFiles(for: network, base: base)
    do throws(FileError) {
      try makeFolder(path)
      for file in files {
        var target = try AtomicFile(
          path: "\(path)/\(file.name)", replacing: replacing, expectedBytes: file.byteCount)
        try file.write { bytes throws(FileError) in try target.write(bytes) }
        try target.commit()
      }
    } catch {
      throw AdapterError(path, .file(error))
    }
  }

  /// Writes a GGUF file.
  ///
  /// - Throws: `AdapterError`.
  package func writeGGUF(_ path: String, for network: Network, replacing: Bool) throws(AdapterError) {
    try GGUFAdapter.write(self, architecture: network.architectureName, to: path, replacing: replacing)
  }
}
