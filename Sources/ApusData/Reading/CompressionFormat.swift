// Which compression a file has, by its first bytes: names lie.

/// A compression that is told by its first bytes.
enum CompressionFormat: CaseIterable {
  case gzip, zstd, xz, bzip2, zip

  /// What a file begins with, in the order in which formats were given names.
  private var magic: [[UInt8]] {
    switch self {
    case .gzip: [[0x1F, 0x8B]]
    // A frame, or one of the sixteen that only carry notes, as parallel compressors put first.
    case .zstd: [[0x28, 0xB5, 0x2F, 0xFD]] + (0x50...0x5F).map { [$0, 0x2A, 0x4D, 0x18] }
    case .xz: [[0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]]
    case .bzip2: [Array("BZh".utf8)]
    case .zip: [[0x50, 0x4B, 0x03, 0x04]]
    }
  }

  var name: String {
    switch self {
    case .gzip: "gzip"
    case .zstd: "zstd"
    case .xz: "xz"
    case .bzip2: "bzip2"
    case .zip: "zip"
    }
  }

  var suffix: String {
    switch self {
    case .gzip: ".gz"
    case .zstd: ".zst"
    case .xz: ".xz"
    case .bzip2: ".bz2"
    case .zip: ".zip"
    }
  }

  /// Bytes needed to tell.
  static let magicBytes = 6

  /// The compression of a file, nil for none.
  ///
  /// - Throws: `ReadingError.compression` when name and content contradict each other.
  static func of(_ start: UnsafeRawBufferPointer, path: String) throws(ReadingError) -> CompressionFormat? {
    let named = allCases.first { path.hasSuffix($0.suffix) }
    for format in allCases where format.magic.contains(where: { start.starts(with: $0) }) {
      // Three letters are little: a text may begin with them.
      if format == .bzip2, named != .bzip2 { continue }
      return format
    }
    if let named {
      throw .compression(path: path, problem: "is no \(named.name) file, though its name says so")
    }
    return nil
  }
}

/// What turns compressed bytes into plain ones, a piece at a time.
protocol Decompressor: AnyObject {
  /// Decompresses some of `input` into some of `output`.
  ///
  /// - Returns: bytes used, bytes made, and whether a stream is complete with them: then the file may end, or another
  ///   stream follow.
  func step(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) throws(DecompressionError) -> (used: Int, made: Int, isComplete: Bool)
}

/// What a library says about damaged data.
struct DecompressionError: Error {
  let problem: String
}
