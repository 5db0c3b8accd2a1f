// Memory cut from one block from front to back and given back all at once. Plans compute their sizes first,
// make one arena and cut it up; nothing is freed piece by piece.

import ApusBasics

/// A block of huge pages and how much of it has been given out.
package struct Arena: ~Copyable, Sendable {
  private let buffer: HugeBuffer
  /// Bytes given out, alignment gaps included.
  package private(set) var used = 0

  /// - Throws: `RuntimeError.outOfMemory`, naming `purpose`.
  package init(byteCount: Int, purpose: String) throws(RuntimeError) {
    buffer = try HugeBuffer(byteCount: byteCount, purpose: purpose)
  }

  /// Bytes the arena has.
  package var capacity: Int { buffer.byteCount }

  /// The first byte.
  package var base: UnsafeMutableRawPointer { buffer.base }

  /// Cuts off the next `byteCount` bytes, starting at a multiple of `alignment` (a power of two). They are
  /// zero the first time round.
  ///
  /// - Throws: `RuntimeError.arenaFull`.
  package mutating func allocate(
    byteCount: Int, alignment: Int = 64
  ) throws(RuntimeError) -> UnsafeMutableRawBufferPointer {
    precondition(alignment > 0 && alignment & (alignment - 1) == 0 && alignment <= HugeBuffer.hugePageBytes)
    guard byteCount >= 0, let start = checkedRoundUp(used, to: alignment),
      let end = checkedSum(start, byteCount), end <= capacity
    else { throw .arenaFull(bytes: byteCount, used: used, capacity: capacity) }
    used = end
    return UnsafeMutableRawBufferPointer(start: buffer.base + start, count: byteCount)
  }

  /// Takes everything back; pointers given out before must no longer be used.
  package mutating func reset() { used = 0 }
}
