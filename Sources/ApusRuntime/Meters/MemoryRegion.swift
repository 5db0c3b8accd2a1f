// What memory is for, as its owners say, and how much of it is in memory, as the system says.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A range of addresses with one purpose.
package struct MemoryRegion: Equatable, Sendable {
  package let purpose: String
  package let base: UInt
  package let byteCount: Int

  package init(_ purpose: String, _ base: UnsafeRawPointer, _ byteCount: Int) {
    self.purpose = purpose
    self.base = UInt(bitPattern: base)
    self.byteCount = byteCount
  }
}

/// Which pages of this process are in memory. Mappings of the kernel's lists (smaps) would not do: neighbours with one
/// purpose each are one mapping there.
package struct ResidentPages: ~Copyable {
  private let descriptor: Int32
  private let pageBytes: Int

  /// nil where the system does not say.
  package init?() {
    let number = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    descriptor = number
    pageBytes = max(4096, sysconf(Int32(_SC_PAGESIZE)))
  }

  deinit {
    close(descriptor)
  }

  /// Bytes of the pages of a region that are in memory; nil when they cannot be read.
  ///
  /// - Complexity: O(pages).
  package func bytes(of region: MemoryRegion) -> Int? {
    guard region.byteCount > 0 else { return 0 }
    let first = Int(region.base) / pageBytes
    let end = (Int(region.base) + region.byteCount - 1) / pageBytes + 1
    var resident = 0
    var page = first
    var entries = [UInt64](repeating: 0, count: min(end - first, 8192))
    while page < end {
      let wanted = min(entries.count, end - page)
      let count = entries.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress!, 8 * wanted, off_t(8 * page))
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 8 else { return nil }
      // Bit 63: the page is in memory.
      for index in 0..<count / 8 where entries[index] >> 63 == 1 { resident += pageBytes }
      page += count / 8
    }
    return min(resident, (end - first) * pageBytes)
  }
}
