// A window on a text that moves forward and grows as far as its user needs to see.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bytes of a text that are read and not used yet.
struct InputWindow: ~Copyable {
  private var input: InputBytes
  private var memory: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  /// Whether the window reaches to the end of the text.
  private(set) var isAtEnd = false
  /// The line, from 1, that the window begins in.
  private(set) var line = 1

  private static let pieceBytes = 256 << 10

  init(path: String) throws(ReadingError) {
    input = try InputBytes(path: path)
    memory = .allocate(byteCount: 2 * Self.pieceBytes, alignment: 64)
  }

  deinit {
    memory.deallocate()
  }

  /// What messages call the file.
  var name: String { input.name }
  /// Where the window begins.
  var place: InputPlace { InputPlace(path: input.name, line: line) }
  /// Bytes of the file that are read.
  var fileBytes: Int { input.fileBytes }

  /// The window. Valid until it grows.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[start..<end]) }

  /// Makes the window larger, by at least a byte or up to the end of the text.
  mutating func grow() throws(ReadingError) {
    if memory.count - end < Self.pieceBytes {
      // Room is made by moving to the front as long as that copies less than it frees; otherwise the memory doubles.
      let count = end - start
      if start < count || memory.count - count < Self.pieceBytes {
        let larger = UnsafeMutableRawBufferPointer.allocate(
          byteCount: max(memory.count, 2 * (count + Self.pieceBytes)), alignment: 64)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
      } else {
        memory.copyMemory(from: bytes)
      }
      (start, end) = (0, count)
    }
    let count = try input.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[end...]))
    if count == 0 { isAtEnd = true }
    end += count
  }

  /// Moves the window forward.
  mutating func use(_ count: Int) {
    precondition(count <= end - start)
    line += newlines(UnsafeRawBufferPointer(rebasing: memory[start..<start + count]))
    start += count
    if start == end {
      (start, end) = (0, 0)
      // After one very long line the next ones are short again.
      if memory.count > 8 << 20 {
        memory.deallocate()
        memory = .allocate(byteCount: 2 * Self.pieceBytes, alignment: 64)
      }
    }
  }
}

/// How many line feeds there are.
private func newlines(_ bytes: UnsafeRawBufferPointer) -> Int {
  var (count, place) = (0, 0)
  while let found = firstByte(0x0A, in: bytes, from: place) {
    count += 1
    place = found + 1
  }
  return count
}

/// The place of the first `byte` from `start` on.
func firstByte(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
  guard start < bytes.count,
    let found = memchr(bytes.baseAddress! + start, Int32(byte), bytes.count - start)
  else { return nil }
  return UnsafeRawPointer(found) - bytes.baseAddress!
}
