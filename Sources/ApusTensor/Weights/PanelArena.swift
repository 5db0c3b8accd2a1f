// One block of memory for all packed weights. A block for each matrix would end in small pages; one block of huge
// pages spares a token's pass over the weights most of its address translations.

import ApusRuntime

/// Memory handed out front to back and given back as a whole.
package final class PanelArena {
  private let memory: HugeBuffer
  private var used = 0

  /// Panels start at a multiple of a cache line's pair: processors fetch lines in pairs.
  private static let alignment = 128

  /// Bytes to reserve for a matrix of this size.
  package static func bytes(_ byteCount: Int) -> Int { (byteCount + alignment - 1) & ~(alignment - 1) }

  /// Reserves `byteCount` bytes; pages are taken from the system as they are written.
  package init(byteCount: Int) throws(RuntimeError) {
    memory = try HugeBuffer(byteCount: max(1, byteCount), purpose: "packed weights")
  }

  /// All of it.
  package var region: MemoryRegion { MemoryRegion("packed weights", memory.base, memory.byteCount) }

  /// The next `byteCount` bytes, which must have been reserved.
  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    precondition(used + byteCount <= memory.byteCount)
    defer { used += Self.bytes(byteCount) }
    return memory.base + used
  }
}
