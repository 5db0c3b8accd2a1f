// Memory for lists of places. Lists are written once and all live to the end: over the whole training they have at most
// three times as many places as there are symbols at the start, since a merge takes one symbol away and adds two places.

import ApusRuntime

/// Lists of slots.
struct PlaceLists: ~Copyable {
  private var blocks: [Block] = []
  private var used = 0
  private static let blockPlaces = 1 << 20

  private final class Block {
    let memory: HugeBuffer
    let count: Int

    init(count: Int) throws(BPETrainingError) {
      do {
        memory = try HugeBuffer(byteCount: 4 * count, purpose: "")
      } catch {
        throw .outOfMemory(bytes: 4 * count, purpose: "the places of pairs")
      }
      self.count = count
    }
  }

  /// Room for `count` places.
  mutating func take(_ count: Int) throws(BPETrainingError) -> UnsafeMutablePointer<UInt32> {
    if blocks.isEmpty || used + count > blocks[blocks.count - 1].count {
      blocks.append(try Block(count: max(count, Self.blockPlaces)))
      used = 0
    }
    let base = blocks[blocks.count - 1].memory.base.assumingMemoryBound(to: UInt32.self) + used
    used += count
    return base
  }
}
