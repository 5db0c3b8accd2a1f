// The text of a file: its bytes, decompressed where they are compressed. Memory stays the same however large the file is
// or becomes.

import ApusRuntime

/// Bytes of a text file as they come.
struct InputBytes: ~Copyable {
  private var file: FileInput
  private let decompressor: (any Decompressor)?
  /// Whether a compressed stream has begun and is not complete.
  private var isInside = true
  private var made = 0

  /// How much larger than its file a text may be. Text compresses to a third, logs to a hundredth; a bomb is a thousand
  /// times its file or more.
  private static let expansionLimit = 500
  /// Below this much text the ratio says nothing and the size does no harm.
  private static let expansionStart = 64 << 20

  init(path: String) throws(ReadingError) {
    let file = try Self.open(path)
    decompressor = try CompressionFormat.of(file.bytes, path: path)
      .map { format throws(ReadingError) in try makeDecompressor(format, path: path) }
    self.file = file
  }

  /// Opens a file and reads enough of it to know its compression.
  private static func open(_ path: String) throws(ReadingError) -> FileInput {
    do throws(FileError) {
      var file = try FileInput(path: path)
      try file.need(CompressionFormat.magicBytes)
      return file
    } catch {
      throw .file(error)
    }
  }

  /// What messages call the file.
  var name: String { file.path }

  /// Bytes of the file that are used.
  var fileBytes: Int { file.offset }

  /// Fills some of `output`, at least one byte of it.
  ///
  /// - Returns: how many; 0 at the end.
  mutating func read(into output: UnsafeMutableRawBufferPointer) throws(ReadingError) -> Int {
    while true {
      do {
        try file.need(1)
      } catch {
        throw .file(error)
      }
      let input = file.bytes
      guard let decompressor else {
        let count = min(input.count, output.count)
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
        file.use(count)
        return count
      }
      if input.isEmpty, !isInside { return 0 }
      let step: (used: Int, made: Int, isComplete: Bool)
      do throws(DecompressionError) {
        step = try decompressor.step(input, output)
      } catch {
        throw damage(error.problem)
      }
      file.use(step.used)
      made += step.made
      isInside = !step.isComplete
      if made > Self.expansionStart, made / Self.expansionLimit > file.offset {
        throw damage(
          "\(file.offset) bytes become more than \(byteText(made)), over \(Self.expansionLimit) times as much; "
            + "if that is meant, decompress the file first")
      }
      if step.made > 0 { return step.made }
      // Even without input there may be bytes left to come out; when there are none, the rest is missing.
      guard step.used > 0 || step.isComplete else {
        throw damage("the compressed data ends in the middle; the file is truncated")
      }
    }
  }

  private func damage(_ problem: String) -> ReadingError {
    .compressedData(path: file.path, offset: file.offset, problem: problem)
  }
}
