// zlib and zstd, the only file that knows them. Without the package trait Compression it knows how to get them.

#if APUS_COMPRESSION
  import CCompression

  /// A decompressor for a format.
  ///
  /// - Throws: `ReadingError.compression` for a format that Apus does not read.
  func makeDecompressor(_ format: CompressionFormat, path: String) throws(ReadingError) -> any Decompressor {
    switch format {
    case .gzip: return try GzipDecompressor(path: path)
    case .zstd: return try ZstdDecompressor(path: path)
    case .xz, .bzip2, .zip: throw unreadCompression(format, path)
    }
  }

  /// gzip (RFC 1952), any number of members.
  private final class GzipDecompressor: Decompressor {
    // At an address of its own: zlib keeps a pointer to it.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var isComplete = false

    init(path: String) throws(ReadingError) {
      stream.initialize(to: z_stream())
      // 15 is the largest window; 16 more asks for gzip's header and checksum.
      guard apus_inflate_init(stream, 15 + 16) == Z_OK else {
        throw .compression(path: path, problem: "zlib cannot start: out of memory")
      }
    }

    deinit {
      inflateEnd(stream)
      stream.deallocate()
    }

    func step(
      _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) throws(DecompressionError) -> (used: Int, made: Int, isComplete: Bool) {
      if isComplete {
        inflateReset(stream)
        isComplete = false
      }
      // Both are far below zlib's 32-bit counts.
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress!.assumingMemoryBound(to: UInt8.self))
      stream.pointee.avail_in = UInt32(input.count)
      stream.pointee.next_out = output.baseAddress!.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(output.count)
      let result = inflate(stream, Z_NO_FLUSH)
      guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "error \(result)"
        throw DecompressionError(problem: "the gzip data is damaged: \(reason)")
      }
      isComplete = result == Z_STREAM_END
      return (
        input.count - Int(stream.pointee.avail_in), output.count - Int(stream.pointee.avail_out), isComplete
      )
    }
  }

  /// Zstandard (RFC 8878), any number of frames. Windows above 128 MiB are refused, as zstd does by default.
  private final class ZstdDecompressor: Decompressor {
    private let stream: OpaquePointer

    init(path: String) throws(ReadingError) {
      guard let stream = ZSTD_createDStream() else {
        throw .compression(path: path, problem: "zstd cannot start: out of memory")
      }
      self.stream = stream
    }

    deinit {
      ZSTD_freeDStream(stream)
    }

    func step(
      _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) throws(DecompressionError) -> (used: Int, made: Int, isComplete: Bool) {
      var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
      var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
      let result = ZSTD_decompressStream(stream, &target, &source)
      guard ZSTD_isError(result) == 0 else {
        let reason = String(cString: ZSTD_getErrorName(result))
        throw DecompressionError(problem: "the zstd data is damaged: \(reason)")
      }
      return (source.pos, target.pos, result == 0)
    }
  }
#else
  /// Says how to build with a decompressor for a format.
  ///
  /// - Throws: `ReadingError.compression`, always.
  func makeDecompressor(_ format: CompressionFormat, path: String) throws(ReadingError) -> any Decompressor {
    switch format {
    case .gzip, .zstd:
      throw .compression(
        path: path,
        problem: "is \(format.name)-compressed, which this build does not read; build with "
          + "'swift build --traits Compression' (Debian: apt-get install zlib1g-dev libzstd-dev), or decompress it first"
      )
    case .xz, .bzip2, .zip: throw unreadCompression(format, path)
    }
  }
#endif

private func unreadCompression(_ format: CompressionFormat, _ path: String) -> ReadingError {
  .compression(
    path: path, problem: "is \(format.name)-compressed, which Apus does not read; decompress it first")
}
