// The pages of the KV cache: taken and given back, shared by forked sequences, copied when one of them
// writes.

import ApusRuntime
import ApusTensor

/// Pages of 64 positions with a count of their owners.
///
/// Memory is reserved for the maximum and taken from the system as pages are first written. Not
/// thread-safe: it belongs to an engine.
package final class PagePool {
  package let layout: KVLayout
  /// Pages that can exist.
  package let capacity: Int
  private let memory: HugeBuffer
  private let pageStride: Int
  private var free: [Int32]
  /// Pages never taken yet start here, so that untouched memory stays untouched.
  private var untouched = 0
  private var owners: [Int32]

  /// Reserves `capacity` pages.
  package init(_ layout: KVLayout, capacity: Int) throws(RuntimeError) {
    self.layout = layout
    self.capacity = capacity
    pageStride = Self.pageStride(layout)
    memory = try HugeBuffer(
      byteCount: max(64, Self.byteCount(layout, capacity: capacity)), purpose: "KV cache")
    owners = Array(repeating: 0, count: capacity)
    free = []
    free.reserveCapacity(capacity)
  }

  private static func pageStride(_ layout: KVLayout) -> Int { (layout.pageBytes + 63) & ~63 }

  /// Bytes that a pool of so many pages reserves.
  package static func byteCount(_ layout: KVLayout, capacity: Int) -> Int { pageStride(layout) * capacity }

  /// Pages that can still be taken.
  package var available: Int { free.count + capacity - untouched }

  /// All pages that can exist.
  package var region: MemoryRegion { MemoryRegion("keys and values", memory.base, memory.byteCount) }

  /// Bytes of pages in use.
  package var bytesInUse: Int { (capacity - available) * pageStride }

  /// A page with one owner, or nil when all are taken.
  func take() -> Int32? {
    let page: Int32
    if let last = free.popLast() {
      page = last
    } else if untouched < capacity {
      page = Int32(untouched)
      untouched += 1
    } else {
      return nil
    }
    owners[Int(page)] = 1
    return page
  }

  func retain(_ page: Int32) {
    owners[Int(page)] += 1
  }

  func release(_ page: Int32) {
    owners[Int(page)] -= 1
    if owners[Int(page)] == 0 { free.append(page) }
  }

  func isShared(_ page: Int32) -> Bool { owners[Int(page)] > 1 }

  func address(_ page: Int32) -> UnsafeMutableRawPointer {
    memory.base + Int(page) * pageStride
  }

  func copy(_ source: Int32, to destination: Int32) {
    address(destination).copyMemory(from: address(source), byteCount: layout.pageBytes)
  }
}
